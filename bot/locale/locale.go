// Package locale is the message catalogue: every text that users see, in
// Chinese (the default) and English.
//
// The texts stand in FEATURE.LANGUAGE.yaml beside this file, one file per
// feature and language. A key is "feature.name"; values take {{.Name}}
// arguments. Where the English text depends on a number N, it has the plural
// forms one and other.
package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"
)

//go:embed *.yaml
var files embed.FS

// Default is the language of texts for people of whom nothing else is known.
const Default = "zh-CN"

// Languages are the ones that the catalogue has.
var Languages = []string{Default, "en"}

// Known tells whether the catalogue has the language.
func Known(lang string) bool {
	for _, l := range Languages {
		if l == lang {
			return true
		}
	}
	return false
}

// catalogue has one localizer a language, without fall-back to another one: a
// test makes sure that each is complete.
var catalogue = sync.OnceValue(func() map[string]*i18n.Localizer {
	localizers := map[string]*i18n.Localizer{}
	for _, lang := range Languages {
		bundle := i18n.NewBundle(language.Make(lang))
		bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
		names, err := fs.Glob(files, "*."+lang+".yaml")
		if err != nil {
			panic(err) // the pattern is a constant
		}
		for _, name := range names {
			if _, err := bundle.LoadMessageFileFS(files, name); err != nil {
				panic(fmt.Sprintf("catalogue %s: %v", name, err)) // embedded, and tested
			}
		}
		localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	return localizers
})

// Text is the text of a key in a language; args are name, value, name, value …
// An unknown language is taken for the default. An unknown key shows itself, so
// that its absence is seen rather than an empty message sent.
func Text(lang, key string, args ...any) string {
	l := catalogue()[lang]
	if l == nil {
		l = catalogue()[Default]
	}
	data := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		data[args[i].(string)] = args[i+1]
	}
	text, err := l.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: data["N"]})
	if err != nil { // a text without a form for one is the same for every number
		text, err = l.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data})
	}
	if err != nil {
		return "[" + key + "]"
	}
	return text
}

// Has tells whether the catalogue has the key.
func Has(key string) bool {
	_, err := catalogue()[Default].Localize(&i18n.LocalizeConfig{MessageID: key})
	return err == nil
}
