package store

// AtSchema has a database opened by an older program: its schema is of that version.
func AtSchema(o Options, version int64) Options {
	o.schema = version
	return o
}
