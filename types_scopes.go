package ropewalk

// Scope is what one part of the node holds and may hold. The scope "session" of name
// "transient" is of links whose remote is not known or not judged yet.
type Scope struct {
	Scope   string    `json:"scope"` // system, session, protocol or peer
	Name    string    `json:"name,omitempty"`
	Used    ScopeCost `json:"used"`
	Limit   ScopeCost `json:"limit"`   // 0: bounded by what stands above it only
	Refused uint64    `json:"refused"` // how often something was refused for the limit
}

// ScopeCost is an amount of what scopes count.
type ScopeCost struct {
	Conns      int   `json:"conns"`
	Streams    int   `json:"streams"`
	Goroutines int   `json:"goroutines"`
	Unread     int64 `json:"unread_bytes"` // of messages that protocols of Handle have not read
	Queued     int64 `json:"queued_bytes"` // of messages that wait to be written
}
