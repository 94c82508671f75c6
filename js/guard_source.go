package js

import "fmt"

const (
	// maxFileNesting is how deep brackets may stand in one another in a file, and maxEvalNesting in
	// text that a script compiles itself. The parsers of esbuild and goja call themselves for each
	// level and end the whole process when Go's stack is full; real code stays below 300.
	maxFileNesting = 5_000
	maxEvalNesting = 1_000
	// maxPrefixRun is how many prefix operators may follow one another, for the same reason.
	maxPrefixRun = 5_000
)

// checkSource refuses text whose nesting would overflow a parser's stack. It does not know comments,
// templates and regular expressions from code: to reach the limit, they must hold thousands of
// brackets more that open than that close.
func checkSource(src string, limit int) error {
	depth, deepest, run := 0, 0, 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '(', '[', '{':
			run = 0
			if depth++; depth > deepest {
				deepest = depth
			}
		case ')', ']', '}':
			run = 0
			if depth > 0 {
				depth--
			}
		case '!', '~', '-', '+':
			if run++; run > maxPrefixRun {
				return fmt.Errorf("more than %d operators in a row: that cannot be parsed", maxPrefixRun)
			}
		case '"', '\'':
			run = 0
			i = skipString(src, i)
		case ' ', '\t', '\n', '\r':
		default:
			run = 0
		}
	}
	if deepest > limit {
		return fmt.Errorf("brackets are nested %d deep: at most %d can be parsed", deepest, limit)
	}
	return nil
}

// skipString gives the place of the quote that ends the string which begins at i, or i itself if
// none does on the same line.
func skipString(src string, i int) int {
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case src[i]:
			return j
		case '\\':
			j++
		case '\n':
			return i
		}
	}
	return i
}
