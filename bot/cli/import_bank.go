package cli

import (
	"branchbot/bot/app"
	"branchbot/bot/imports"
	"branchbot/content"
)

// Question banks that a command takes in. They become packs beside the database, as those
// that the console takes in.

// questionRow is a question in JSON.
type questionRow struct {
	Type    string   `json:"type"`
	Ask     string   `json:"ask"`
	Options []string `json:"options,omitempty"`
	Answer  any      `json:"answer"`
	Explain string   `json:"explain,omitempty"`
	Source  string   `json:"source,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Picture string   `json:"picture,omitempty"`
	Where   string   `json:"where"`
}

func (im *importer) bank(name string, data []byte) (*importedFile, error) {
	out := &importedFile{Kind: "bank"}
	b, err := content.ReadBank(name, data)
	if err != nil {
		out.Bad = append(out.Bad, imports.Left{Where: name, Why: im.fileFault(err)})
		return out, nil
	}
	for _, q := range b.Questions {
		row := questionRow{Type: string(q.Type), Ask: q.Ask, Options: q.Options, Answer: q.Answer, Explain: q.Explain, Source: q.Source, Tags: q.Tags, Where: imports.Where(im.settings.Language, q.At)}
		switch q.Type {
		case content.TrueFalse:
			row.Answer = q.Answer == "true"
		case content.Blank:
			row.Answer = q.Accept
		}
		if len(q.Media) > 0 {
			row.Picture = q.Media[0].File
		}
		out.Good = append(out.Good, row)
	}
	lang := im.settings.Language
	out.Skipped, out.Bad, out.Notes = withoutCells(imports.Skipped(lang, b)), withoutCells(imports.Bad(lang, b)), imports.Notes(lang, b)
	id, title := im.flags.id, im.flags.title
	if id == "" {
		id = content.PackID(name)
	}
	if title == "" {
		title = content.PackTitle(name)
	}
	out.lines = append(out.lines, im.text("import.bank", "Good", len(b.Questions), "Skipped", len(b.Skipped), "Bad", len(b.Bad), "ID", id, "Title", title))
	out.take = func() (string, error) {
		zip, err := b.Wrapped(id, title)
		if err != nil {
			return "", err
		}
		return im.text("import.taken"), app.PutPack(im.settings.PacksFolder(), id, zip)
	}
	return out, nil
}

// withoutCells leaves out what the text has already.
func withoutCells(left []imports.Left) []imports.Left {
	for i := range left {
		left[i].Columns, left[i].Cells = nil, nil
	}
	return left
}

// fileFault tells why a file cannot be read, in the language of the installation.
func (im *importer) fileFault(err error) string {
	if text, ok := imports.Fault(im.settings.Language, err); ok {
		return text
	}
	return err.Error()
}
