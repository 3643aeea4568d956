// Package web is the pages for secretaries and members: what the chats do,
// to be seen and steered from a phone or a desk.
//
// Rules:
//   - Whoever asks is authorised on every request: the session holds, the member
//     is on the roster, he has the page's role in the unit. A unit that he may
//     not see does not exist for him.
//   - What changes something goes the engine's way: a command, run as the member
//     in the unit, obeys the rules of the chat. GETs change nothing.
//   - Each POST and each export leaves one row for the audit: who, when, what on
//     which number. Never words that people wrote, nor what was searched for.
//   - What is sealed (Acted.Sealed) is shown in the answer to the form and stored
//     nowhere: not in a flash, not in the audit.
//   - Everything works without script; script only makes it livelier. Nothing is
//     inline: the Content-Security-Policy forbids it.
//
// # How to add a page
//
// A page belongs to a feature and stands in its folder: web.go and page/NAME.html. Take
// bot/feature/signup as the model.
//
//  1. web.go: //go:embed page/*.html, ParseViews, and Pages() with a Page for each (see type
//     Page). A path may have parts: "notices/{id}", read by r.ID() or r.PathValue. Such a
//     page has no Nav.
//  2. page/NAME.html: {{define "main"}}…{{end}}. Dot is the *Request, .Data what was given to
//     Show; inside range and with write $. Tables are <table class="cards">, their cells have
//     data-label, rows <th scope="row">. Names and texts of people stand in <bdi>. Every POST
//     form has {{.Hidden}}. Colours and sizes are those of assets/look.css.
//  3. Texts: bot/locale/FEATURE.zh-CN.yaml and FEATURE.en.yaml, keys FEATURE.page.…; keys that
//     are put together must be told to bot/locale/locale_test.go.
//
// What a feature adds to a page that is not its own (today, me, settings, a member's) is a
// Part: the template asks for parts by {{range .Parts "PLACE"}}.
//
// Get reads: r.Tx sees one state of the database; r.Member, r.Unit, r.Role, r.Top,
// r.Lang and r.Now are known. r.Turn() asks features what they would tell the
// member, e.g. schedule.Next(r.Turn(), 5). Queries of a feature's tables belong
// into that feature's sql.go. Ids in an address may be anybody's: every query
// also says AND unit = r.Unit.ID (or one under it). It ends with r.Show(data), or
// returns UserError(status, key) for something that the person can mend.
//
// Long tables: {{template "search" .}}, r.Query() and Like(); r.Paging(total),
// LIMIT p.Size OFFSET p.Offset(), and {{template "paging" (.Pager .Data.Paging)}}.
//
// Post changes: r.Field(name) is a value of the form. r.Command(ref, back, "/催办",
// code) runs a command and leads back to the page; what the bot would have said
// is shown there once, with its buttons. r.Act(ref, engine.Act{…}) is for files
// (Line with Files) and for what no command does (Do; it must check t.Role). ref
// goes into the audit: a number or id. Without an act: r.Audit, r.Say, r.Back.
// An export is a GET that ends in r.Export(ref, name, type, data); its path ends in /export,
// and Tells says of whom the file tells. An act that is no command has its words in console.act.ACT.
//
// Live: give the page a pulse, a cheap text that changes when the page would, and
// put what changes into <div id="live" …> as today.html does; forms that people
// fill in stand outside.
package web
