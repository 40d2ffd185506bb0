package ropewalk

const (
	filesKept         = 32   // for disk and API
	fileBudgetUnknown = 4096 // where nobody says how many files there may be
)
