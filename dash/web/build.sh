#!/bin/sh
# Builds the dashboard from web/ into dist/, or into the folder given.
# Needs Go only: esbuild comes from tools/go.mod. Run by go generate ./dash.
set -eu
cd "$(dirname "$0")/../.."
out=${1:-dash/dist}
v=./dash/web/vendor
mkdir -p "$out"
go tool -modfile=tools/go.mod esbuild dash/web/src/main.jsx \
	--bundle --minify --format=iife --target=es2022 --charset=utf8 --legal-comments=none --log-level=warning \
	--jsx-factory=h --jsx-fragment=Fragment \
	--alias:preact=$v/preact/src/index.js --alias:preact/hooks=$v/preact/hooks/index.js \
	--alias:uplot=$v/uplot/uPlot.esm.js --alias:d3-force=$v/d3/d3-force.mjs \
	--alias:d3-dispatch=$v/d3/d3-dispatch.mjs --alias:d3-quadtree=$v/d3/d3-quadtree.mjs --alias:d3-timer=$v/d3/d3-timer.mjs \
	--outfile="$out/dash.js"
cp dash/web/src/index.html "$out/index.html"
cp dash/web/src/icon.svg "$out/icon.svg"
for f in preact/LICENSE uplot/LICENSE d3/LICENSE-d3-dispatch d3/LICENSE-d3-force d3/LICENSE-d3-quadtree d3/LICENSE-d3-timer; do
	printf '%s\n\n' "== $f"
	cat "dash/web/vendor/$f"
	printf '\n'
done >"$out/licences.txt"
