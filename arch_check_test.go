package ropewalk_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

const module = "github.com/ropewalk/ropewalk"

// source is a tree of Go files to check: path below the module → text.
type source map[string]string

// archPkg is one package of a tree.
type archPkg struct {
	path    string // below the module
	home    home
	known   bool
	files   []*ast.File // without tests
	imports []string    // of the files, sorted
	types   *types.Package
	info    *types.Info
}

// checker applies the rules of arch_floors_test.go to one tree.
type checker struct {
	fset  *token.FileSet
	pkgs  map[string]*archPkg // by path below the module
	order []string
	std   types.Importer
	found []string // violations
	asked []string // questions
}

func (c *checker) report(pos token.Pos, where, format string, args ...any) {
	if pos.IsValid() {
		p := c.fset.Position(pos)
		where = fmt.Sprintf("%s:%d", p.Filename, p.Line)
	}
	c.found = append(c.found, where+": "+fmt.Sprintf(format, args...))
}

// check runs every rule over a tree of sources and returns what is wrong and what
// is only a question.
func check(src source, goMod string) (found, asked []string, err error) {
	c := &checker{fset: token.NewFileSet(), pkgs: map[string]*archPkg{}}
	if err := c.load(src); err != nil {
		return nil, nil, err
	}
	if err := c.export(); err != nil {
		return nil, nil, err
	}
	for _, p := range c.order {
		pkg := c.pkgs[p]
		c.checkFloor(pkg)
		c.checkImports(pkg)
		c.checkDoc(pkg)
		if pkg.home.kind.pure() {
			c.checkPurity(pkg)
		}
	}
	for _, b := range goModBans {
		if strings.Contains(goMod, b.path+" ") {
			c.report(token.NoPos, "go.mod", "%s: %s", b.path, b.why)
		}
	}
	return c.found, c.asked, nil
}

// load parses a tree and checks names and lengths of its files.
func (c *checker) load(src source) error {
	var names []string
	for name := range src {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text := src[name]
		for _, part := range strings.FieldsFunc(strings.TrimSuffix(name, ".go"), func(r rune) bool { return r == '/' || r == '_' || r == '.' }) {
			if slices.Contains(badNames, part) {
				c.report(token.NoPos, name, "a name that says nothing about what is inside: %s", part)
			}
		}
		switch lines := strings.Count(text, "\n"); {
		case lines > fileLinesMax:
			c.report(token.NoPos, name, "%d lines, at most %d: it holds more than one noun", lines, fileLinesMax)
		case lines > fileLinesAsked:
			c.asked = append(c.asked, fmt.Sprintf("%s: %d lines; does it hold a second noun?", name, lines))
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(c.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if dir == "." {
			dir = ""
		}
		pkg := c.pkgs[dir]
		if pkg == nil {
			pkg = &archPkg{path: dir}
			pkg.home, pkg.known = homeOf(dir)
			c.pkgs[dir] = pkg
			c.order = append(c.order, dir)
		}
		pkg.files = append(pkg.files, f)
	}
	for _, pkg := range c.pkgs {
		for _, f := range pkg.files {
			for _, i := range f.Imports {
				pkg.imports = append(pkg.imports, strings.Trim(i.Path.Value, "`\""))
			}
		}
		slices.Sort(pkg.imports)
		pkg.imports = slices.Compact(pkg.imports)
	}
	return nil
}

func homeOf(dir string) (home, bool) {
	for _, h := range homes {
		if h.path == dir {
			return h, true
		}
	}
	return home{path: dir}, false
}

// inside splits off the module's own path.
func inside(imp string) (string, bool) {
	if imp == module {
		return "", true
	}
	return strings.CutPrefix(imp, module+"/")
}

// exports is where the compiler's export data of a package is, by import path. It
// is shared by all checks, because asking the go command takes most of their time.
var exports = map[string]string{}

// export finds the export data of everything that pure packages import from
// elsewhere.
func (c *checker) export() error {
	var want []string
	for _, pkg := range c.pkgs {
		if !pkg.home.kind.pure() {
			continue
		}
		for _, i := range pkg.imports {
			if _, own := inside(i); !own && i != "C" && i != "unsafe" {
				want = append(want, i)
			}
		}
	}
	c.std = importer.ForCompiler(c.fset, "gc", func(imp string) (io.ReadCloser, error) {
		file, ok := exports[imp]
		if !ok {
			return nil, fmt.Errorf("no export data for %s", imp)
		}
		return os.Open(file)
	})
	return exportOf(want)
}

// exportOf asks the go command for what exports does not know yet.
func exportOf(paths []string) error {
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return exports[p] != "" })
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) == 0 {
		return nil
	}
	cmd := exec.Command("go", append([]string{"list", "-e", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, paths...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list: %w\n%s", err, errs.String())
	}
	for _, line := range strings.Split(string(out), "\n") {
		if imp, file, ok := strings.Cut(line, " "); ok && file != "" {
			exports[imp] = file
		}
	}
	return nil
}

// Import makes the checker a types.Importer: our own packages from source, others
// from export data.
func (c *checker) Import(imp string) (*types.Package, error) {
	own, ok := inside(imp)
	if !ok {
		return c.std.Import(imp)
	}
	pkg := c.pkgs[own]
	if pkg == nil || !pkg.home.kind.pure() {
		return nil, fmt.Errorf("%s is not pure or not there", imp)
	}
	return c.typed(pkg), nil
}

// typed type-checks a pure package. A mistake is a violation: what cannot be
// typed cannot be checked.
func (c *checker) typed(pkg *archPkg) *types.Package {
	if pkg.types != nil {
		return pkg.types
	}
	pkg.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	pkg.types = types.NewPackage(module+"/"+pkg.path, "cycle") // while we are at it
	var first error
	conf := types.Config{Importer: c, Error: func(err error) {
		if first == nil {
			first = err
		}
	}}
	pkg.types, _ = conf.Check(module+"/"+pkg.path, c.fset, pkg.files, pkg.info)
	if first != nil {
		c.report(token.NoPos, pkg.path, "does not type-check: %v", first)
	}
	return pkg.types
}

// checkFloor: imports of our own packages go down.
func (c *checker) checkFloor(pkg *archPkg) {
	h := pkg.home
	if !pkg.known {
		c.report(pkg.files[0].Package, "", "package %s stands on no floor; give it one in arch_floors_test.go and ARCHITECTURE.md", pkg.path)
		return
	}
	for _, i := range pkg.imports {
		to, own := inside(i)
		if !own {
			continue
		}
		t, known := homeOf(to)
		if !known || mayImport(h, t) {
			continue
		}
		c.report(pkg.files[0].Package, "", "%s (floor %d, %s) imports %s (floor %d, %s): %s", name(h), h.floor, h.kind, name(t), t.floor, t.kind, rules[h.kind].why)
	}
}

func name(h home) string {
	if h.path == "" {
		return "ropewalk"
	}
	return h.path
}

func mayImport(from, to home) bool {
	r := rules[from.kind]
	switch {
	case slices.Contains(from.also, to.path), slices.Contains(r.also, to.path):
		return true
	case from.kind == ground && to.kind == ground:
		return indexOf(to) < indexOf(from)
	case from.kind == strand && to.kind == strand: // own words
		return strings.HasPrefix(to.path, from.path+"/")
	case from.kind == edge && to.kind == edge: // the suite that every link passes
		return false
	case from.kind == world && to.kind == edge && from.path == "sim":
		return false // the simulator models its own links
	}
	return slices.Contains(r.kinds, to.kind)
}

func indexOf(h home) int {
	return slices.IndexFunc(homes, func(o home) bool { return o.path == h.path })
}

// checkImports: what is banned, and why; pure packages import only primitives.
func (c *checker) checkImports(pkg *archPkg) {
	for _, i := range pkg.imports {
		for _, b := range bans {
			if b.where(pkg.home) && covers(b.paths, i) && !slices.Contains(b.except, i) {
				c.report(pkg.files[0].Package, "", "%s imports %s: %s", name(pkg.home), i, b.why)
			}
		}
		if _, own := inside(i); own || !pkg.home.kind.pure() || !strings.Contains(strings.Split(i, "/")[0], ".") {
			continue
		}
		ok := false
		for _, p := range primitives {
			ok = ok || i == p.path || strings.HasPrefix(i, strings.TrimSuffix(p.path, "/")+"/")
		}
		if !ok {
			c.report(pkg.files[0].Package, "", "%s imports %s: pure packages use the standard library and primitives only", name(pkg.home), i)
		}
	}
}

func covers(paths []string, imp string) bool {
	for _, p := range paths {
		if imp == p || (strings.HasSuffix(p, "/") && strings.HasPrefix(imp, p)) {
			return true
		}
	}
	return false
}

// checkDoc: every package says what it is.
func (c *checker) checkDoc(pkg *archPkg) {
	for _, f := range pkg.files {
		if f.Doc != nil && len(strings.TrimSpace(f.Doc.Text())) > 40 {
			return
		}
	}
	c.report(pkg.files[0].Package, "", "package %s has no package comment", name(pkg.home))
}

// checkPurity walks the syntax of a pure package with its types.
func (c *checker) checkPurity(pkg *archPkg) {
	c.typed(pkg)
	for _, f := range pkg.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				c.report(n.Pos(), "", "go statement: a strand has no goroutines; the world has them all")
			case *ast.SelectStmt:
				c.report(n.Pos(), "", "select: a strand waits for nothing")
			case *ast.ChanType:
				c.report(n.Pos(), "", "channel type: inputs are calls and news are return values")
			case *ast.SendStmt:
				c.report(n.Pos(), "", "channel send: news are return values")
			case *ast.UnaryExpr:
				if n.Op == token.ARROW {
					c.report(n.Pos(), "", "channel receive: inputs are calls")
				}
			case *ast.RangeStmt:
				c.checkRange(pkg, n)
			case *ast.Ident:
				c.checkUse(pkg, n)
			}
			return true
		})
	}
}

func (c *checker) checkRange(pkg *archPkg, n *ast.RangeStmt) {
	t := pkg.info.TypeOf(n.X)
	if t == nil {
		return
	}
	if p, ok := t.(*types.TypeParam); ok {
		t = p.Constraint()
	}
	switch u := t.Underlying().(type) {
	case *types.Map:
		c.report(n.Pos(), "", "range over a built-in map: its order is chance; use internal/ordered")
	case *types.Chan:
		c.report(n.Pos(), "", "range over a channel: a strand waits for nothing")
	case *types.Interface:
		for i := range u.NumEmbeddeds() {
			if _, ok := u.EmbeddedType(i).Underlying().(*types.Map); ok || isMapUnion(u.EmbeddedType(i)) {
				c.report(n.Pos(), "", "range over a built-in map: its order is chance; use internal/ordered")
			}
		}
	}
}

func isMapUnion(t types.Type) bool {
	u, ok := t.(*types.Union)
	if !ok {
		return false
	}
	for i := range u.Len() {
		if _, ok := u.Term(i).Type().Underlying().(*types.Map); ok {
			return true
		}
	}
	return false
}

// checkUse: functions that read clocks, global chance or map order, under whatever
// name their package was imported, called or only passed on.
func (c *checker) checkUse(pkg *archPkg, n *ast.Ident) {
	f, ok := pkg.info.Uses[n].(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() != nil {
		return
	}
	for _, b := range impureCalls {
		if f.Pkg().Path() != b.pkg {
			continue
		}
		if slices.Contains(b.names, f.Name()) || (b.names == nil && !strings.HasPrefix(f.Name(), "New")) {
			c.report(n.Pos(), "", "%s.%s: %s", b.pkg, f.Name(), b.why)
		}
	}
}

// onDisk reads the Go files of the main module that are built on this platform,
// tests included. Nested modules are worlds of their own.
func onDisk() (source, error) {
	src := source{}
	err := walk(".", func(file string) error {
		dir, base := path.Split(file)
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		if ok, err := build.Default.MatchFile("./"+dir, base); err != nil || !ok {
			return err
		}
		text, err := os.ReadFile(file)
		src[file] = string(text)
		return err
	})
	return src, err
}

// walk visits the files of the main module: no hidden folders, no testdata, no
// nested modules.
func walk(dir string, visit func(file string) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !e.IsDir():
			if err := visit(name); err != nil {
				return err
			}
		case strings.HasPrefix(e.Name(), "."), e.Name() == "testdata", e.Name() == "node_modules", e.Name() == "dist" && dir == ".":
		default:
			if _, err := os.Stat(name + "/go.mod"); err == nil {
				continue
			}
			if err := walk(name, visit); err != nil {
				return err
			}
		}
	}
	return nil
}
