package bot

import (
	"net/http"
	"slices"

	"branchbot/adapters/web"
	"branchbot/bot/chat"
	"branchbot/bot/config"
)

// platform is how an account of a kind is checked and made.
type platform struct {
	check func(*config.File, account) error
	make  func(*Bot, account) (chat.Adapter, http.Handler, error)
}

// webConfig is an account of the platform web.
type webConfig struct {
	ID       string `yaml:"id"`
	Platform string `yaml:"platform"`
	// Personas lets anyone on this machine be any member: the sample only.
	Personas bool `yaml:"personas"`
}

// platforms is the one switch of adapters.
var platforms = map[string]platform{
	"web": {
		check: func(f *config.File, a account) error { return f.DecodeNode(&a.node, a.path, &webConfig{}) },
		make:  newWeb,
	},
}

func platformNames() []string {
	var names []string
	for name := range platforms {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func newWeb(b *Bot, a account) (chat.Adapter, http.Handler, error) {
	var c webConfig
	if err := b.settings.file.DecodeNode(&a.node, a.path, &c); err != nil {
		return nil, nil, err
	}
	adapter := web.New(web.Options{
		ID: chat.AccountID(c.ID), Door: &door{b, chat.AccountID(c.ID)}, Personas: c.Personas,
		Language: b.settings.Language, Now: b.db.Now, Log: b.log,
	})
	return adapter, adapter.Handler(), nil
}
