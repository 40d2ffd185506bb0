package gossipsub

// set is a small set in a reproducible order: that of insertion, disturbed only by
// removal. Unlike ordered.Set it has no index while it is small, which most sets
// of the router are: a foreign topic known from one peer costs eight bytes here.
type set[T member] struct {
	list []T
	at   map[uint64]int32 // index in list by serial; nil while the set is small
}

// member is what sets are of. The index is by serial number, not by pointer: a
// thousand peers in a hundred topics are in two hundred thousand places of indexes,
// through all of which the collector of garbage would have to look.
type member interface {
	comparable
	serial() uint64 // no two things of a set have the same one
}

// setLinearMax is the size up to which a scan beats an index.
const setLinearMax = 16

func (s *set[T]) len() int { return len(s.list) }

func (s *set[T]) index(v T) int {
	if s.at != nil {
		if i, ok := s.at[v.serial()]; ok {
			return int(i)
		}
		return -1
	}
	for i := range s.list {
		if s.list[i] == v {
			return i
		}
	}
	return -1
}

// numbered is the member of a serial number, which must be there.
func (s *set[T]) numbered(n uint64) T {
	if s.at != nil {
		return s.list[s.at[n]]
	}
	i := 0
	for s.list[i].serial() != n {
		i++
	}
	return s.list[i]
}

func (s *set[T]) has(v T) bool { return s.index(v) >= 0 }

func (s *set[T]) add(v T) bool {
	if s.has(v) {
		return false
	}
	s.list = append(s.list, v)
	if s.at != nil {
		s.at[v.serial()] = int32(len(s.list) - 1)
	} else if len(s.list) > setLinearMax {
		s.at = make(map[uint64]int32, len(s.list)*2)
		for i, w := range s.list {
			s.at[w.serial()] = int32(i)
		}
	}
	return true
}

func (s *set[T]) remove(v T) bool {
	i := s.index(v)
	if i < 0 {
		return false
	}
	last := len(s.list) - 1
	s.list[i] = s.list[last]
	var zero T
	s.list[last] = zero
	s.list = s.list[:last]
	if s.at != nil {
		if i != last {
			s.at[s.list[i].serial()] = int32(i)
		}
		delete(s.at, v.serial())
	}
	if last == 0 {
		*s = set[T]{} // an emptied set gives its memory back
	}
	return true
}
