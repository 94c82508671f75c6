package value

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// anyValue draws a Value of any kind, nested up to a depth.
func anyValue(depth int) *rapid.Generator[Value] {
	scalars := []*rapid.Generator[Value]{
		rapid.Just[Value](nil),
		rapid.Just(Undefined),
		rapid.Map(rapid.Bool(), func(b bool) Value { return b }),
		rapid.Map(rapid.Float64(), func(f float64) Value { return f }),
		rapid.Map(rapid.Int64Range(-1<<54, 1<<54), func(n int64) Value { return float64(n) }),
		rapid.SampledFrom([]Value{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e21, 1e-7, 5e-324, math.MaxFloat64}),
		rapid.Map(rapid.String(), func(s string) Value { return s }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) Value {
			n := new(big.Int).SetBytes(b)
			if len(b)%2 == 1 {
				n.Neg(n)
			}
			return n
		}),
		rapid.Map(rapid.Float64(), func(f float64) Value { return Date(f) }),
		rapid.Map(rapid.String(), func(s string) Value { return &RegExp{Source: s, Flags: "gi"} }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) Value { return &Bytes{Kind: "Uint8Array", Data: b} }),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	inner := anyValue(depth - 1)
	items := rapid.SliceOfN(inner, 0, 12)
	return rapid.OneOf(append(scalars,
		rapid.Map(items, func(v []Value) Value { return &Array{Items: v} }),
		rapid.Map(items, func(v []Value) Value { return &Set{Items: v} }),
		rapid.Custom(func(t *rapid.T) Value {
			keys := rapid.SliceOfNDistinct(rapid.String(), 0, 12, rapid.ID[string]).Draw(t, "keys")
			values := make([]Value, len(keys))
			for i := range values {
				values[i] = inner.Draw(t, "value")
			}
			return NewObject(keys, values)
		}),
		rapid.Custom(func(t *rapid.T) Value {
			m := &Map{}
			for range rapid.IntRange(0, 5).Draw(t, "entries") {
				m.Entries = append(m.Entries, [2]Value{inner.Draw(t, "key"), inner.Draw(t, "value")})
			}
			return m
		}),
		rapid.Custom(func(t *rapid.T) Value {
			return &Error{Name: "TypeError", Message: rapid.String().Draw(t, "message"), Stack: "at x", Cause: inner.Draw(t, "cause")}
		}),
	)...)
}

func TestEncodedValuesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		wire, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(wire)
		if err != nil {
			t.Fatal(err)
		}
		if !Equal(v, back) {
			t.Fatalf("%#v came back as %#v", v, back)
		}
		again, err := Encode(back)
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(wire) {
			t.Fatalf("the second encoding differs: order, a sign or a bit was lost")
		}
	})
}

func TestDecodeRefusesDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wire, err := Encode(anyValue(2).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		if n := rapid.IntRange(0, len(wire)-1).Draw(t, "kept"); n < len(wire) {
			if v, err := Decode(wire[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes decode to %#v", n, len(wire), v)
			}
		}
		damaged := append([]byte(nil), wire...)
		damaged[rapid.IntRange(0, len(wire)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		Decode(damaged) // must not panic, whatever it says
	})
	for name, data := range map[string][]byte{
		"nothing":                    {},
		"another version":            {9, tagNull},
		"bytes after the end":        {wireVersion, tagNull, tagNull},
		"an unknown tag":             {wireVersion, 200},
		"a list longer than itself":  {wireVersion, tagArray, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"a key twice":                {wireVersion, tagObject, 2, 1, 'a', tagNull, 1, 'a', tagNull},
		"a string longer than there": {wireVersion, tagString, 5, 'a'},
		"ten thousand lists":         []byte(strings.Repeat("\x0a\x01", 10_000)),
	} {
		if name == "ten thousand lists" {
			data = append([]byte{wireVersion}, data...)
		}
		if v, err := Decode(data); err == nil {
			t.Errorf("%s decodes to %#v", name, v)
		}
	}
}

func nested(depth int) Value {
	var v Value = "core"
	for range depth {
		v = &Array{Items: []Value{v}}
	}
	return v
}

func TestNestingHasALimit(t *testing.T) {
	deep := nested(MaxDepth)
	wire, err := Encode(deep)
	if err != nil {
		t.Fatalf("Encode of the deepest: %v", err)
	}
	if _, err := Decode(wire); err != nil {
		t.Fatalf("Decode of the deepest: %v", err)
	}
	if _, err := JSON(deep); err != nil {
		t.Fatalf("JSON of the deepest: %v", err)
	}
	tooDeep := nested(MaxDepth + 1)
	if _, err := Encode(tooDeep); err == nil {
		t.Error("Encode takes what is too deep")
	}
	if _, err := JSON(tooDeep); err == nil {
		t.Error("JSON takes what is too deep")
	}
}

func TestJSON(t *testing.T) {
	tests := []struct {
		name string
		v    Value
		want string
	}{
		{"null", nil, "null"},
		{"undefined at the top", Undefined, "null"},
		{"keys stay in order, undefined members are left out", NewObject([]string{"z", "u", "a"}, []Value{1.0, Undefined, true}), `{"z":1,"a":true}`},
		{"undefined in a list is null", &Array{Items: []Value{Undefined, "x"}}, `[null,"x"]`},
		{"whole numbers have no point", 1e20, "100000000000000000000"},
		{"large numbers have an exponent", 1e21, "1e+21"},
		{"small numbers have an exponent without a zero", 1.5e-7, "1.5e-7"},
		{"fractions", math.Nextafter(0.3, 1), "0.30000000000000004"},
		{"-0 is 0", math.Copysign(0, -1), "0"},
		{"NaN and infinities are null", &Array{Items: []Value{math.NaN(), math.Inf(1), math.Inf(-1)}}, "[null,null,null]"},
		{"text is escaped as JSON.stringify does", "a\"\\\n\x01</é\u2028", "\"a\\\"\\\\\\n\\u0001</é\u2028\""},
		{"what is not UTF-8 is replaced", "a\xffb", `"a` + "\ufffd" + `b"`},
		{"a BigInt is text", big.NewInt(-12), `"-12"`},
		{"a date", Date(1700000000000), `"2023-11-14T22:13:20.000Z"`},
		{"a date before Christ", Date(-62198755200000), `"-000001-01-01T00:00:00.000Z"`},
		{"an invalid date", Date(math.NaN()), "null"},
		{"a regular expression", &RegExp{`\d+`, "g"}, `"/\\d+/g"`},
		{"bytes", &Bytes{"ArrayBuffer", []byte{1, 2, 255}}, `"AQL/"`},
		{"a map with string keys", &Map{[][2]Value{{"b", 1.0}, {"a", 2.0}}}, `{"b":1,"a":2}`},
		{"a map with other keys", &Map{[][2]Value{{1.0, "x"}, {"a", nil}}}, `[[1,"x"],["a",null]]`},
		{"a set", &Set{[]Value{1.0, "a"}}, `[1,"a"]`},
		{"an error", &Error{Name: "TypeError", Message: "no", Stack: "s", Cause: Undefined}, `{"name":"TypeError","message":"no"}`},
	}
	for _, tt := range tests {
		got, err := JSON(tt.v)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if string(got) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if _, err := JSON(struct{}{}); err == nil {
		t.Error("a Go struct is taken for a value")
	}
}

func TestJSONIsReadByOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		text, err := JSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		back, err := FromJSON(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := JSON(back)
		if err != nil {
			t.Fatal(err)
		}
		// Keys of a map that stand twice are one after the first round.
		if twice, _ := FromJSON(again); !Equal(back, twice) {
			t.Fatalf("%s came back as %s", text, again)
		}
	})
}

func TestFromJSON(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"order of keys", `{"b":1,"a":{"d":[],"c":{}}}`, `{"b":1,"a":{"d":[],"c":{}}}`},
		{"the last of two keys wins, at the first's place", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"also among many", `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"a":10,"j":11}`, `{"a":10,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":11}`},
		{"numbers", ` [0, -0, 12, -3.5e2, 1E400, 123456789012345678, 0.1] `, `[0,0,12,-350,null,123456789012345680,0.1]`},
		{"escapes", `"\u00e9\ud83d\ude00\n\/\"\\\b\f\r\t"`, `"é😀\n/\"\\\b\f\r\t"`},
		{"half a pair", `"a\ud83dz\ude00"`, `"a` + "\ufffd" + `z` + "\ufffd" + `"`},
		{"words", `[true,false,null]`, `[true,false,null]`},
	}
	for _, tt := range tests {
		v, err := FromJSON([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got, _ := JSON(v); string(got) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	v, err := FromJSON([]byte("[-0]"))
	if err != nil || !math.Signbit(v.(*Array).Items[0].(float64)) {
		t.Errorf("-0 lost its sign: %v", err)
	}
}

func TestBadJSON(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "unexpected end where a value should be at line 1, column 1 of the JSON text"},
		{"{\n  \"a\": 1,\n}", `unexpected '}' where a key in double quotes should be at line 3, column 1 of the JSON text`},
		{"[1 2]", `unexpected '2' where "," or "]" should be at line 1, column 4 of the JSON text`},
		{"[1,]", `unexpected ']' where a value should be at line 1, column 4 of the JSON text`},
		{"tru", `unexpected 't' where a value should be at line 1, column 1 of the JSON text`},
		{"01", `a number with a leading zero at line 1, column 2 of the JSON text`},
		{"-", `unexpected end where a digit should be at line 1, column 2 of the JSON text`},
		{"1.", `unexpected end where a digit should be at line 1, column 3 of the JSON text`},
		{"1e+", `unexpected end where a digit should be at line 1, column 4 of the JSON text`},
		{`"é`, `unexpected end of a string at line 1, column 3 of the JSON text`},
		{`"\`, `unexpected end of a string at line 1, column 3 of the JSON text`},
		{`"\x"`, `unexpected 'x' after a backslash in a string at line 1, column 3 of the JSON text`},
		{`"\u12g4"`, `a \u in a string takes four hexadecimal digits at line 1, column 3 of the JSON text`},
		{"\"a\nb\"", `unexpected control character '\n' in a string at line 1, column 3 of the JSON text`},
		{"{} {}", `unexpected '{' after the value at line 1, column 4 of the JSON text`},
		{"{'a':1}", `unexpected '\'' where a key in double quotes should be at line 1, column 2 of the JSON text`},
		{`{"a"}`, `unexpected '}' where ":" should be at line 1, column 5 of the JSON text`},
		{strings.Repeat("[", 1e6), "arrays and objects nested more than 512 deep at line 1, column 513 of the JSON text"},
		{strings.Repeat(`{"a":`, 1e6), "arrays and objects nested more than 512 deep at line 1, column 2561 of the JSON text"},
	}
	for _, tt := range tests {
		_, err := FromJSON([]byte(tt.text))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%.20q: error is %q, want %q", tt.text, err, tt.want)
		}
	}
}

func TestParserAgreesWithTheStandardLibrary(t *testing.T) {
	alphabet := rapid.SampledFrom([]string{"{", "}", "[", "]", ",", ":", `"a"`, `"b\u0041"`, `"`, `\`, "1", "-", "0", ".", "5", "e", "+", "true", "null", " ", "\n", "x"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(alphabet, 0, 14).Draw(t, "text"), "")
		_, err := FromJSON([]byte(text))
		if valid := json.Valid([]byte(text)); valid != (err == nil) {
			t.Fatalf("%q: valid is %v, but our error is %v", text, valid, err)
		}
	})
}

func TestEqual(t *testing.T) {
	object := func(keys string, values ...Value) Value { return NewObject(strings.Split(keys, ""), values) }
	tests := []struct {
		name string
		a, b Value
		want bool
	}{
		{"objects whatever the order of their keys", object("ab", 1.0, 2.0), object("ba", 2.0, 1.0), true},
		{"objects with another value", object("a", 1.0), object("a", 2.0), false},
		{"objects with another key", object("a", Undefined), object("b", Undefined), false},
		{"objects with one key more", object("a", 1.0), object("ab", 1.0, 1.0), false},
		{"lists in another order", &Array{Items: []Value{1.0, 2.0}}, &Array{Items: []Value{2.0, 1.0}}, false},
		{"NaN", math.NaN(), math.NaN(), true},
		{"null and undefined", nil, Undefined, false},
		{"a number and its text", 1.0, "1", false},
		{"a list and a set", &Array{}, &Set{}, false},
		{"BigInts", big.NewInt(7), big.NewInt(7), true},
		{"dates", Date(1), Date(2), false},
		{"errors but for their stacks", &Error{Name: "E", Message: "m", Stack: "1"}, &Error{Name: "E", Message: "m", Stack: "2"}, true},
		{"bytes of another kind", &Bytes{"Int8Array", []byte{1}}, &Bytes{"Uint8Array", []byte{1}}, false},
	}
	for _, tt := range tests {
		if got := Equal(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestObject(t *testing.T) {
	for _, n := range []int{0, 1, indexFrom - 1, indexFrom, 100} {
		keys, values := make([]string, n), make([]Value, n)
		for i := range keys {
			keys[i], values[i] = "k"+string(rune('a'+i)), float64(i)
		}
		o := NewObject(keys, values)
		if o.Len() != n {
			t.Errorf("an object of %d keys has %d", n, o.Len())
		}
		for i, k := range keys {
			if v, ok := o.Get(k); !ok || v != float64(i) {
				t.Errorf("of %d keys, %q gives %v, %v", n, k, v, ok)
			}
		}
		if v, ok := o.Get("missing"); ok || v != Undefined {
			t.Errorf("a key that is not there gives %v, %v", v, ok)
		}
	}
}
