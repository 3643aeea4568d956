package app

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"
)

var writeSchema = flag.Bool("schema", false, "rewrite docs/config.schema.json")

// The JSON Schema with which editors check config.yaml is made from the code;
// this test keeps it up to date.
func TestSchema(t *testing.T) {
	t.Parallel()
	settings := jsonschema.Reflector{FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true, DoNotReference: true, Anonymous: true}
	platform := settings
	settings.Mapper = func(kind reflect.Type) *jsonschema.Schema {
		if kind != reflect.TypeFor[yaml.Node]() {
			return nil
		}
		accounts := &jsonschema.Schema{}
		for _, name := range platformNames() {
			account := platform.Reflect(platforms[name].settings())
			account.Version = ""
			if p, ok := account.Properties.Get("platform"); ok {
				p.Const = name
			}
			accounts.AnyOf = append(accounts.AnyOf, account)
		}
		return accounts
	}
	schema := settings.Reflect(&Settings{})
	schema.Title = "Branchbot config.yaml"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	file := filepath.Join("..", "..", "docs", "config.schema.json")
	if *writeSchema {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, text) {
		t.Error("docs/config.schema.json is not what the code says; run: go test ./bot/app -run TestSchema -schema")
	}
}
