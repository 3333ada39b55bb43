// Reads configurations of Alloy as Alloy does: says what is wrong with their syntax.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/alloy/syntax/parser"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		source, err := os.ReadFile(path)
		if err == nil {
			_, err = parser.ParseFile(path, source)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
