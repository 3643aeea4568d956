# What .ci/run does, in pieces. `make test` needs Go alone; what it skips it says at its end.

.PHONY: run test race lint update pg ci

run: ## the bot with config.yaml, or the sample
	go run .

test: ## all tests; those that need PostgreSQL or Chromium are skipped where these are missing
	go test ./...
	@test -n "$$BRANCHBOT_TEST_POSTGRES" || echo "skipped: everything on PostgreSQL; run: make pg, then export what it prints"
	@command -v chromium >/dev/null || echo "skipped: the tests in a browser; install chromium"

race: ## the same under the race detector, as .ci/run does it
	.ci/race

lint: ## format, vet (for Windows too), staticcheck, go.mod
	test -z "$$(gofmt -l .)"
	go vet ./...
	GOOS=windows CGO_ENABLED=0 go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...
	go mod tidy -diff

update: ## rewrite what tests expect (chat scripts, transcripts); read the difference before a commit
	go test ./bot/... -run 'TestScripts|TestImportFiles|TestRehears|Quarter' -update

pg: ## a PostgreSQL of one's own in /tmp/branchbot-pg; prints what tests need
	.ci/postgres /tmp/branchbot-pg

ci: ## everything that a change must pass
	.ci/run
