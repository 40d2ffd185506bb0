package gossipsub

import "fmt"

// Degrees say how many peers a mesh has (gossipsub-v1.0 "Parameters", v1.1 "Outbound
// Mesh Quotas"). Zero fields take the default in brackets.
type Degrees struct {
	NoMesh bool // all degrees are 0: gossip only
	D      int  // aimed at [6]
	Dlo    int  // graft below [5, at most D]
	Dhi    int  // prune at [12, at least D]
	Dscore int  // peers kept for their score when pruning [4, at most D]; -1 means none
	Dout   int  // outbound links kept [2]; < Dlo and ≤ D/2; -1 means none
}

// From the specification (gossipsub-v1.0 "Parameters", v1.1 "Overview of New
// Parameters") and the defaults of its reference implementation.
const defaultD, defaultDlo, defaultDhi, defaultDscore, defaultDout = 6, 5, 12, 4, 2

// degreeMax bounds a mesh, our choice: its peers are walked for every message.
const degreeMax = 1024

func (d *Degrees) fill() {
	if d.NoMesh {
		*d = Degrees{NoMesh: true}
		return
	}
	if d.D == 0 {
		d.D = defaultD
	}
	if d.Dlo == 0 {
		d.Dlo = min(defaultDlo, d.D)
	}
	if d.Dhi == 0 {
		d.Dhi = max(defaultDhi, d.D)
	}
	switch d.Dscore {
	case 0:
		d.Dscore = max(0, min(defaultDscore, d.D))
	case -1:
		d.Dscore = 0
	}
	switch d.Dout {
	case 0:
		d.Dout = max(0, min(defaultDout, d.D/2, d.Dlo-1))
	case -1:
		d.Dout = 0
	}
}

// check names the field, as a part of what, and what is allowed.
func (d *Degrees) check(of string) error {
	bad := func(field, want string) error {
		return fmt.Errorf("%w: %s.%s: want %s", ErrConfig, of, field, want)
	}
	switch {
	case d.Dlo < 0 || d.Dlo > d.D:
		return bad("Dlo", "0 ≤ Dlo ≤ D")
	case d.Dhi < d.D:
		return bad("Dhi", "D ≤ Dhi")
	case d.Dhi > degreeMax:
		return bad("Dhi", "at most 1024")
	case d.Dscore < 0 || d.Dscore > d.Dhi:
		return bad("Dscore", "0 ≤ Dscore ≤ Dhi, or -1 for none")
	case d.Dout < 0 || d.Dout > d.D/2 || d.Dout > 0 && d.Dout >= d.Dlo:
		return bad("Dout", "0 ≤ Dout < Dlo and ≤ D/2, or -1 for none")
	}
	return nil
}

// reach is how many peers get an own message where there is no mesh to send it to.
func (d *Degrees) reach() int {
	if d.NoMesh {
		return defaultD
	}
	return d.D
}

// degrees are those of a topic that names none.
func (p *Params) degrees() Degrees {
	return Degrees{NoMesh: p.NoMesh, D: p.D, Dlo: p.Dlo, Dhi: p.Dhi, Dscore: p.Dscore, Dout: p.Dout}
}

// fillDegrees completes and checks them.
func (p *Params) fillDegrees() error {
	d := p.degrees()
	d.fill()
	p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout = d.D, d.Dlo, d.Dhi, d.Dscore, d.Dout
	return d.check("Params")
}
