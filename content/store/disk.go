package store

// Disk holds what only matters on disk.
type Disk struct{}

func (d *Disk) fill() {}
