package dash

import (
	"embed"
	"io/fs"
)

//go:generate sh web/build.sh

//go:embed dist
var dist embed.FS

// Files are the built page: index.html, dash.js, dash.css and the licences of
// what is bundled.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("dash: dist is not embedded")
	}
	return sub
}
