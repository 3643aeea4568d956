// Package storetest gives tests empty databases on each engine.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"branchbot/store"
)

// Variable is the environment variable with the address of a PostgreSQL server,
// as a user who may create databases: postgres://USER@HOST:PORT/postgres. The
// tests make databases of their own there, and remove them. Without it they
// skip PostgreSQL, or fail in CI; .ci/run starts a server and sets it.
const Variable = "BRANCHBOT_TEST_POSTGRES"

// Engine is a database engine.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Each runs a test on each engine.
func Each(t *testing.T, f func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range []Engine{SQLite, Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			f(t, e)
		})
	}
}

// Empty is the source of a database with the schema and nothing in it, and a folder for files that belong
// to it. Both go when the test ends. Without a PostgreSQL server it skips a test
// that asks for one.
func (e Engine) Empty(t testing.TB) (source, folder string) {
	t.Helper()
	dir := t.TempDir()
	if e == Postgres {
		return postgres(t), dir
	}
	path := filepath.Join(dir, "x.db")
	template, err := template()
	if err == nil {
		err = os.WriteFile(path, template, 0o600)
	}
	if err != nil {
		t.Fatalf("a database with the schema: %v", err)
	}
	return "sqlite:" + path, dir
}

// template is a file with the schema: to copy it takes a tenth of the time.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "branchbot-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.db")
	db, err := store.Open(context.Background(), "sqlite:"+path, store.Options{})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Opener opens an empty database, again and again the same one.
func (e Engine) Opener(t testing.TB) func(store.Options) (*store.DB, error) {
	t.Helper()
	source, folder := e.Empty(t)
	return func(o store.Options) (*store.DB, error) {
		o.Folder = folder
		return store.Open(context.Background(), source, o)
	}
}

// postgres is a database of its own, with the schema in it.
func postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" && os.Getenv("CI") != "" {
		t.Fatalf("%s is not set, and CI skips nothing", Variable)
	}
	if server == "" {
		t.Skipf("no PostgreSQL: set %s to a server, e.g. postgres://me@127.0.0.1/postgres", Variable)
	}
	template, err := prepare()
	if err != nil {
		t.Fatalf("PostgreSQL of %s: %v", Variable, err)
	}
	name := "branchbot_test_" + rand.Text()[:12]
	if err := do(server, fmt.Sprintf(`CREATE DATABASE %q TEMPLATE %q`, name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := do(server, fmt.Sprintf(`DROP DATABASE %q WITH (FORCE)`, name)); err != nil {
			t.Error(err)
		}
	})
	return source(server, name)
}

// prepare makes a database with the schema once, to be copied: a copy takes a
// tenth of the time.
var prepare = sync.OnceValues(func() (string, error) {
	server := os.Getenv(Variable)
	template := "branchbot_template_" + store.SchemaID()
	var have int
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", err
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT COUNT(*) FROM pg_database WHERE datname = $1`, template).Scan(&have); err != nil || have > 0 {
		return template, err
	}
	draft := "branchbot_draft_" + rand.Text()[:12]
	if err := do(server, fmt.Sprintf(`CREATE DATABASE %q`, draft)); err != nil {
		return "", err
	}
	s, err := store.Open(context.Background(), source(server, draft), store.Options{Folder: os.TempDir()})
	if err != nil {
		return "", err
	}
	if err := s.Close(); err != nil {
		return "", err
	}
	err = do(server, fmt.Sprintf(`ALTER DATABASE %q RENAME TO %q`, draft, template))
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "42P04" { // another test was faster
		return template, do(server, fmt.Sprintf(`DROP DATABASE %q`, draft))
	}
	return template, err
})

func source(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}

func do(server, statement string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
