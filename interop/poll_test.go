package interop

import (
	"fmt"
	"strings"
)

// few joins at most three complaints.
func few(all []string) string {
	if len(all) > 3 {
		all = append(all[:3:3], fmt.Sprintf("and %d more", len(all)-3))
	}
	return strings.Join(all, "; ")
}
