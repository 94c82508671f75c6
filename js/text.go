package js

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// bytesOf gives the bytes that an ArrayBuffer or a view of one shows, shared with the script.
func (vm *VM) bytesOf(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	if buffer, ok := o.Export().(goja.ArrayBuffer); ok {
		return buffer.Bytes(), true
	}
	tag, ok := o.GetSymbol(goja.SymToStringTag).(goja.String)
	if !ok || !isView(tag.String()) {
		return nil, false
	}
	holder, ok := o.Get("buffer").(*goja.Object)
	if !ok {
		return nil, false
	}
	buffer, ok := holder.Export().(goja.ArrayBuffer)
	if !ok {
		return nil, false
	}
	from, length := o.Get("byteOffset").ToInteger(), o.Get("byteLength").ToInteger()
	all := buffer.Bytes()
	if from < 0 || length < 0 || from+length > int64(len(all)) {
		return nil, false
	}
	return all[from : from+length : from+length], true
}

// Bytes gives the bytes of an ArrayBuffer, a typed array or a DataView, shared with the script: whoever
// keeps them copies them. It is false for anything else.
func (vm *VM) Bytes(v goja.Value) ([]byte, bool) { return vm.bytesOf(v) }

// NewBytes makes a Uint8Array of data, which it then owns.
func (vm *VM) NewBytes(data []byte) *goja.Object {
	return vm.construct("Uint8Array", vm.rt.ToValue(vm.rt.NewArrayBuffer(data)))
}

// utf16Of is the text of a string in UTF-16, halves of pairs as they are.
func utf16Of(v goja.Value) []uint16 {
	s, ok := v.ToString().(goja.String)
	if !ok {
		return nil
	}
	units := make([]uint16, s.Length())
	for i := range units {
		units[i] = s.CharAt(i)
	}
	return units
}

func (vm *VM) textEncoder() goja.Value {
	var class *goja.Object
	class = vm.class("TextEncoder", func(call goja.ConstructorCall) *goja.Object {
		call.This.DefineDataProperty("encoding", vm.rt.ToValue("utf-8"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		return nil
	}, []string{"encode", "encodeInto"}, func(name string) goja.Value {
		return vm.Func(name, func(call goja.FunctionCall) goja.Value {
			text := ""
			if v := call.Argument(0); !goja.IsUndefined(v) {
				text = v.String()
			}
			if name == "encode" {
				return vm.NewBytes([]byte(text))
			}
			into, ok := vm.bytesOf(call.Argument(1))
			if !ok {
				vm.Throw(TypeErrorf("TextEncoder.encodeInto takes a Uint8Array, not %s", inspectShort(call.Argument(1))))
			}
			read, written := 0, 0
			for _, r := range text {
				n := utf8.RuneLen(r)
				if written+n > len(into) {
					break
				}
				written += utf8.EncodeRune(into[written:], r)
				read += utf16.RuneLen(r)
			}
			result := vm.rt.NewObject()
			result.Set("read", read)
			result.Set("written", written)
			return result
		})
	})
	return class
}

// textDecoder is the state of one TextDecoder. It is a DynamicObject, so that methods find it.
type textDecoder struct {
	vm               *VM
	encoding         string // "utf-8", "utf-16le" or "windows-1252"
	fatal, ignoreBOM bool
	pending          []byte // of a character that is not whole yet
	begun            bool   // the byte order mark has been looked for
}

func (d *textDecoder) Get(key string) goja.Value {
	switch key {
	case "encoding":
		return d.vm.rt.ToValue(d.encoding)
	case "fatal":
		return d.vm.rt.ToValue(d.fatal)
	case "ignoreBOM":
		return d.vm.rt.ToValue(d.ignoreBOM)
	}
	return nil
}
func (d *textDecoder) Has(key string) bool {
	return key == "encoding" || key == "fatal" || key == "ignoreBOM"
}
func (d *textDecoder) Set(string, goja.Value) bool { return false }
func (d *textDecoder) Delete(string) bool          { return false }
func (d *textDecoder) Keys() []string              { return nil }

// encodings are the labels that the Encoding standard has for the three encodings that there are.
var encodings = map[string]string{
	"utf-8": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8",
	"utf-16": "utf-16le", "utf-16le": "utf-16le", "ucs-2": "utf-16le", "unicode": "utf-16le",
	"latin1": "windows-1252", "iso-8859-1": "windows-1252", "ascii": "windows-1252",
	"us-ascii": "windows-1252", "windows-1252": "windows-1252", "l1": "windows-1252", "cp1252": "windows-1252",
}

func (vm *VM) textDecoderClass() goja.Value {
	return vm.class("TextDecoder", func(call goja.ConstructorCall) *goja.Object {
		d := &textDecoder{vm: vm, encoding: "utf-8"}
		if label := call.Argument(0); !goja.IsUndefined(label) {
			name := strings.ToLower(strings.Trim(label.String(), "\t\n\f\r "))
			if d.encoding = encodings[name]; d.encoding == "" {
				vm.Throw(RangeErrorf("TextDecoder: there is no encoding %q; there are utf-8, utf-16le and latin1", label))
			}
		}
		if options, ok := call.Argument(1).(*goja.Object); ok {
			d.fatal = orUndefined(options.Get("fatal")).ToBoolean()
			d.ignoreBOM = orUndefined(options.Get("ignoreBOM")).ToBoolean()
		}
		o := vm.rt.NewDynamicObject(d)
		o.SetPrototype(call.This.Prototype())
		return o
	}, []string{"decode"}, func(name string) goja.Value {
		return method(vm, "TextDecoder", name, func(d *textDecoder, call goja.FunctionCall) goja.Value {
			var data []byte
			if input := call.Argument(0); !goja.IsUndefined(input) {
				var ok bool
				if data, ok = vm.bytesOf(input); !ok {
					vm.Throw(TypeErrorf("TextDecoder.decode takes an ArrayBuffer or a view of one, not %s", inspectShort(input)))
				}
			}
			more := false
			if options, ok := call.Argument(1).(*goja.Object); ok {
				more = orUndefined(options.Get("stream")).ToBoolean()
			}
			text, ok := d.decode(data, more)
			if !ok {
				vm.Throw(TypeErrorf("TextDecoder.decode: the data is not %s", d.encoding))
			}
			return text
		})
	})
}

// decode decodes what came, after what was pending; more says that the rest of a character may follow.
func (d *textDecoder) decode(data []byte, more bool) (goja.Value, bool) {
	if len(d.pending) > 0 {
		data = append(d.pending, data...)
		d.pending = nil
	}
	if d.encoding != "windows-1252" && !d.begun && !d.ignoreBOM {
		mark := "\ufeff"
		if d.encoding == "utf-16le" {
			mark = "\xff\xfe"
		}
		if more && len(data) < len(mark) && strings.HasPrefix(mark, string(data)) {
			d.pending = append([]byte(nil), data...)
			return d.vm.rt.ToValue(""), true
		}
		data = data[len(mark)*boolInt(strings.HasPrefix(string(data[:min(len(data), len(mark))]), mark)):]
	}
	d.begun = more
	switch d.encoding {
	case "utf-16le":
		whole := len(data) &^ 1
		// A first half waits for its second.
		if more && whole >= 2 && data[whole-1]&0xfc == 0xd8 {
			whole -= 2
		}
		if more {
			d.pending = append([]byte(nil), data[whole:]...)
		}
		units := make([]uint16, whole/2, whole/2+1)
		for i := range units {
			units[i] = uint16(data[2*i]) | uint16(data[2*i+1])<<8
		}
		odd := !more && whole < len(data)
		if odd {
			units = append(units, 0xfffd)
		}
		text := string(utf16.Decode(units))
		if d.fatal && (odd || strings.Count(text, "\ufffd") > countUnits(units, 0xfffd)) {
			return nil, false
		}
		return d.vm.rt.ToValue(text), true
	case "windows-1252":
		return d.vm.rt.ToValue(decodeLatin(data)), true
	}
	if more {
		n := unfinished(data)
		d.pending = append([]byte(nil), data[len(data)-n:]...)
		data = data[:len(data)-n]
	}
	if utf8.Valid(data) {
		return d.vm.rt.ToValue(string(data)), true
	}
	if d.fatal {
		return nil, false
	}
	return d.vm.rt.ToValue(decodeUTF8(data)), true
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func countUnits(units []uint16, unit uint16) (n int) {
	for _, u := range units {
		n += boolInt(u == unit)
	}
	return n
}

// decodeUTF8 replaces what is not UTF-8 as the Encoding standard wants it: one U+FFFD for each longest
// beginning of a character that does not go on.
func decodeUTF8(data []byte) string {
	var b strings.Builder
	b.Grow(len(data))
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			b.WriteString("\ufffd")
			data = data[max(1, begun(data)):]
			continue
		}
		b.Write(data[:n])
		data = data[n:]
	}
	return b.String()
}

// begun is how many bytes at the beginning of data are the beginning of one character.
func begun(data []byte) int {
	low, high, want := byte(0x80), byte(0xbf), 0
	switch c := data[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 2
	case c >= 0xe0 && c <= 0xef:
		want = 3
		if c == 0xe0 {
			low = 0xa0
		}
		if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 4
		if c == 0xf0 {
			low = 0x90
		}
		if c == 0xf4 {
			high = 0x8f
		}
	default:
		return 0
	}
	n := 1
	for n < want && n < len(data) && data[n] >= low && data[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}

// unfinished is how many bytes at the end of data are the beginning of a character whose rest may follow.
func unfinished(data []byte) int {
	for n := 1; n <= min(3, len(data)); n++ {
		tail := data[len(data)-n:]
		if tail[0]&0xc0 == 0x80 {
			continue
		}
		if b := begun(tail); b == n && !utf8.FullRune(tail) {
			return n
		}
		return 0
	}
	return 0
}

// latinHigh are the characters of windows-1252 from 0x80 to 0x9f.
var latinHigh = [32]rune{
	0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
}

func decodeLatin(data []byte) string {
	var b strings.Builder
	b.Grow(len(data))
	for _, c := range data {
		if c >= 0x80 && c < 0xa0 {
			b.WriteRune(latinHigh[c-0x80])
		} else {
			b.WriteRune(rune(c))
		}
	}
	return b.String()
}

// btoa encodes a string of which each character stands for one byte.
func (vm *VM) btoa(call goja.FunctionCall) goja.Value {
	units := utf16Of(call.Argument(0))
	data := make([]byte, len(units))
	for i, u := range units {
		if u > 0xff {
			vm.Throw(errorf("InvalidCharacterError", "btoa takes characters up to U+00FF, but character %d is U+%04X", i, u))
		}
		data[i] = byte(u)
	}
	return vm.rt.ToValue(base64.StdEncoding.EncodeToString(data))
}

// atob decodes base64, with or without padding, white space in it passed over.
func (vm *VM) atob(call goja.FunctionCall) goja.Value {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune("\t\n\f\r ", r) {
			return -1
		}
		return r
	}, call.Argument(0).String())
	if len(text)%4 == 0 {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		vm.Throw(errorf("InvalidCharacterError", "atob takes base64, not %s", inspectShort(call.Argument(0))))
	}
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return vm.rt.ToValue(b.String())
}
