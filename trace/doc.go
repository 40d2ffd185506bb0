// Package trace holds the one flat event that every strand reports and every
// observer reads: logs, metrics, dashboard, checkers and golden files all see the
// same stream, so they cannot disagree. Ground floor, pure.
package trace
