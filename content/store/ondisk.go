package store

import "errors"

// Disk holds what only matters on disk.
type Disk struct {
	// FreeMin bytes and FreePart of the disk stay free: with less, nothing is taken. Zero
	// means FreeMinDefault and FreePartDefault; negative that nobody looks.
	FreeMin  int64
	FreePart float64
	// Ballast is the size of a file that is given up when the disk is full; zero means
	// BallastDefault, negative none.
	Ballast int64
	// Memory is what the store may hold in memory; zero means MemoryDefault.
	Memory int64
	// Files is how many files it may hold open; zero means FilesDefault.
	Files int

	fs filesystem // of tests
}

func (d *Disk) fill() {
	if d.FreeMin == 0 {
		d.FreeMin = FreeMinDefault
	}
	if d.FreePart == 0 {
		d.FreePart = FreePartDefault
	}
	if d.Ballast == 0 {
		d.Ballast = BallastDefault
	}
	if d.Memory == 0 {
		d.Memory = MemoryDefault
	}
	if d.Files == 0 {
		d.Files = FilesDefault
	}
	if d.fs == nil {
		d.fs = realFiles
	}
}

// Errors of Open.
var (
	// ErrForeign is of a folder that holds another node's store, or another version's.
	ErrForeign = errors.New("store: the folder is not this node's")
	// ErrInUse is of a folder that another process has open.
	ErrInUse = errors.New("store: the folder is in use")
	// ErrDamaged is of something the user put that the disk has lost: it is there in part,
	// or not readable. What peers sent is set aside instead, and comes again.
	ErrDamaged = errors.New("store: damaged on disk")
)

// Repaired says what a repair brought over.
type Repaired struct {
	Items, Bytes int64
	// Gaps is how many stretches of keys could not be read; what stood there is lost.
	Gaps int
	// Old is the folder with what there was before. Nobody needs it any more but to try
	// something better.
	Old string
}
