package pex

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
)

// The page of record has the figures of the code.
func TestPageHasTheFigures(t *testing.T) {
	page, err := os.ReadFile("../docs/sessions.md")
	if err != nil {
		t.Fatal(err)
	}
	thousands := func(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
	for _, want := range []string{
		fmt.Sprintf("| an answer | %d records and %d KiB", recordsMax, bytesMax>>10),
		fmt.Sprintf("| answers to one peer in %d min | %d records in all: one full answer, or up to %d small ones, %d s apart", answersFor/time.Minute, recordsMax, answersMax, answerEvery/time.Second),
		fmt.Sprintf("| bytes | %s in %d min", thousands(recordsMax*enr.BytesMax+answersMax*frameBytes), answersFor/time.Minute),
		fmt.Sprintf("and %d of an answer that nobody asked for; one in %d s from each peer beside that, %s saved up", unsolicitedMax, recordEvery/time.Second, thousands(recordsBurst)),
		fmt.Sprintf("does not answer in %d s", askTimeout/time.Second),
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/sessions.md does not say %q", want)
		}
	}
	if n := len(encodeGet(get{0, 1, false})); n != 3 {
		t.Errorf("the shortest question has %d bytes", n)
	}
}
