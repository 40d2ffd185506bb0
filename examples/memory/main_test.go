package main

import (
	"fmt"
	"strings"
)

func Example() {
	if err := run(3, strings.NewReader("")); err != nil {
		fmt.Println(err)
	}
	// Output: ready
}
