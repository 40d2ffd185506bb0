// Package dash is the dashboard: one page, built from the sources in web/ by
// esbuild, committed in dist/ and embedded here. Package api serves it.
package dash
