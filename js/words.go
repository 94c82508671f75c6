package js

import (
	"regexp"
	"strings"
)

// words are the names that stand in a bundle, of those that decide what a VM must be given. A polyfill
// or a guard on a built-in object costs every VM a kilobyte or two as soon as the object is touched;
// a script that does not even mention its name cannot miss it.
type words uint64

const (
	wordGroupBy words = 1 << iota
	wordWithResolvers
	wordTry
	wordFromAsync
	wordIterator
	wordWellFormed
	wordEscape
	wordAsyncIterator
	wordCaptureStackTrace
	wordRepeat
	wordPad
	wordBuffer
	wordFill
	wordJoin
	wordEval
	wordFreeze
	wordJSON
	wordProperty
	wordDispose
)

// wordTexts are what to look for. An entry errs on the side of giving too much.
var wordTexts = []struct {
	word  words
	texts []string
}{
	{wordGroupBy, []string{"groupBy"}},
	{wordWithResolvers, []string{"withResolvers"}},
	{wordTry, []string{".try"}},
	{wordFromAsync, []string{"fromAsync"}},
	{wordIterator, []string{"Iterator", "function*", "*[Symbol.iterator]", ".values()", ".keys()", ".entries()", "matchAll", "*["}},
	{wordWellFormed, []string{"WellFormed"}},
	{wordEscape, []string{"RegExp.escape"}},
	{wordAsyncIterator, []string{"asyncIterator"}},
	{wordCaptureStackTrace, []string{"captureStackTrace", "stackTraceLimit"}},
	{wordRepeat, []string{"repeat"}},
	{wordPad, padNames},
	{wordBuffer, []string{"ArrayBuffer", "8Array", "8ClampedArray", "16Array", "32Array", "64Array"}},
	{wordFill, []string{".fill"}},
	{wordJoin, []string{".join"}},
	{wordFreeze, freezeNames},
	{wordJSON, []string{"JSON"}},
	{wordDispose, []string{"ispose"}},
}

// evals are the ways to compile text while a script runs.
var evals = regexp.MustCompile(`\b(eval|Function)\b`)

// findWords looks through a bundle.
func findWords(code string) words {
	var found words
	if strings.Contains(code, `\p{`) || strings.Contains(code, `\P{`) || strings.Contains(code, "RegExp") && strings.Contains(code, `"u"`) {
		found |= wordProperty // a pattern may also come with data, as in a JSON schema
	}
	for _, w := range wordTexts {
		for _, text := range w.texts {
			if strings.Contains(code, text) {
				found |= w.word
				break
			}
		}
	}
	if evals.MatchString(code) {
		found |= wordEval
	}
	return found
}

func (w words) has(any words) bool { return w&any != 0 }
