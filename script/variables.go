package script

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/dop251/goja"

	"runner/js"
	vmodule "runner/modules/variables"
	"runner/value"
	"runner/verdict"
)

// Variable is one setting that a script declares, with the value that holds.
type Variable struct {
	Name, Description string
	Default           value.Value
	Value             value.Value
	Origin            string // "--set", the settings file, the environment variable, or "default"
	Allowed           []value.Value
}

// Shown is the value as a script would write it.
func (v Variable) Shown() string {
	b, err := value.JSON(v.Value)
	if err != nil || v.Value == nil || v.Value == value.Undefined {
		return "undefined"
	}
	return string(b)
}

// variableKeys are what a declaration may have.
var variableKeys = []string{"default", "description", "verify"}

// sources are where values come from, the strongest first.
type sources struct {
	set      map[string]string
	file     map[string]json.RawMessage
	fileName string
	env      func(string) (string, bool)
}

func newSources(set []string, settings string) (*sources, error) {
	s := &sources{set: map[string]string{}, fileName: settings, env: os.LookupEnv}
	for _, text := range set {
		name, v, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, verdict.Wrap(verdict.Usage, fmt.Errorf("--set %q: it must be name=value", text))
		}
		s.set[name] = v
	}
	if settings == "" {
		return s, nil
	}
	data, err := os.ReadFile(settings)
	if err != nil {
		return nil, verdict.Wrap(verdict.Config, fmt.Errorf("--settings: %w", err))
	}
	if err := json.Unmarshal(data, &s.file); err != nil {
		return nil, verdict.Wrap(verdict.Config, fmt.Errorf("--settings: %s is not a JSON object: %w", settings, err))
	}
	return s, nil
}

// envName is the environment variable of a variable: RUNNER_MAX_USERS for maxUsers.
func envName(name string) string {
	var b strings.Builder
	b.WriteString("RUNNER_")
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// readVariables finds the value of every variable that the script declares, verifies them all, and
// reports all problems together.
func readVariables(vm *js.VM, src *sources) (list []Variable, problems []string) {
	declared := vm.Exports().Get("variables")
	byName := map[string]bool{}
	if present(declared) {
		obj, ok := declared.(*goja.Object)
		if _, callable := goja.AssertFunction(declared); !ok || callable || obj.ClassName() == "Array" {
			return nil, []string{fmt.Sprintf("variables is %s, it must be an object { name: { default, … } }", describe(declared))}
		}
		for _, name := range obj.Keys() {
			byName[name] = true
			v, err := readVariable(vm, name, obj.Get(name), src)
			if err != nil {
				problems = append(problems, err.Error())
				continue
			}
			list = append(list, v)
		}
	}
	var names []string
	for name := range byName {
		names = append(names, name)
	}
	sort.Strings(names)
	unknown := func(name, from string) {
		if byName[name] {
			return
		}
		hint := ""
		if best := js.Nearest(name, names); best != "" {
			hint = fmt.Sprintf(", did you mean %s?", best)
		}
		if len(names) == 0 {
			hint = ": the script declares none"
		}
		problems = append(problems, fmt.Sprintf("%s: there is no variable %q%s", from, name, hint))
	}
	for _, name := range sortedKeys(src.set) {
		unknown(name, "--set")
	}
	for _, name := range sortedKeys(src.file) {
		unknown(name, src.fileName)
	}
	return list, problems
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func readVariable(vm *js.VM, name string, declaration goja.Value, src *sources) (Variable, error) {
	v := Variable{Name: name, Origin: "default", Default: value.Undefined}
	o, ok := declaration.(*goja.Object)
	if _, callable := goja.AssertFunction(declaration); !ok || callable || o.ClassName() == "Array" {
		return v, fmt.Errorf("variables.%s is %s, it must be an object { default, description, verify }", name, describe(declaration))
	}
	for _, key := range o.Keys() {
		if !contains(variableKeys, key) {
			return v, fmt.Errorf("variables.%s has an unknown key %q (known: %s)", name, key, strings.Join(variableKeys, ", "))
		}
	}
	if d := o.Get("description"); present(d) {
		v.Description = d.String()
	}
	var err error
	if d := o.Get("default"); present(d) {
		if v.Default, err = vm.Take(d, "variables."+name+".default"); err != nil {
			return v, err
		}
	}
	v.Value = v.Default
	if text, ok := src.set[name]; ok {
		v.Origin = "--set"
		v.Value, err = parseAs(v.Default, text)
	} else if raw, ok := src.file[name]; ok {
		v.Origin = src.fileName
		if v.Value, err = value.FromJSON(raw); err == nil {
			err = sameType(v.Default, v.Value)
		}
	} else if text, ok := src.env(envName(name)); ok && text != "" {
		v.Origin = envName(name)
		v.Value, err = parseAs(v.Default, text)
	}
	if err != nil {
		return v, fmt.Errorf("variable %s from %s: %w", name, v.Origin, err)
	}
	return v, v.verify(vm, o.Get("verify"))
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// parseAs reads a text as a value of the default's type.
func parseAs(def value.Value, text string) (value.Value, error) {
	switch def.(type) {
	case float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return n, nil
	case bool:
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", text)
	case *value.Array, *value.Object:
		v, err := value.FromJSON([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%q is not JSON: %w", text, err)
		}
		return v, sameType(def, v)
	}
	return text, nil
}

// sameType wants v to have the type of the default, if there is one.
func sameType(def, v value.Value) error {
	if def == nil || def == value.Undefined || kindOf(def) == kindOf(v) {
		return nil
	}
	return fmt.Errorf("it is %s, the default is %s", kindOf(v), kindOf(def))
}

func kindOf(v value.Value) string {
	switch v.(type) {
	case nil:
		return "null"
	case float64:
		return "a number"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case *value.Array:
		return "a list"
	case *value.Object:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}

// verify asks the script's own check: a list of allowed values, or a function that returns true or
// nothing, false, an error's text, or { value } to replace the value.
func (v *Variable) verify(vm *js.VM, check goja.Value) error {
	if !present(check) || goja.IsNull(check) {
		return nil
	}
	refused := func(why string) error {
		return fmt.Errorf("variable %s from %s: %s is refused%s", v.Name, v.Origin, v.Shown(), why)
	}
	fn, callable := goja.AssertFunction(check)
	if !callable {
		taken, err := vm.Take(check, "variables."+v.Name+".verify")
		list, ok := taken.(*value.Array)
		if err != nil || !ok {
			return fmt.Errorf("variables.%s.verify is %s, it must be a function or a list of allowed values", v.Name, describe(check))
		}
		v.Allowed = list.Items
		var texts []string
		for _, allowed := range list.Items {
			if value.Equal(allowed, v.Value) {
				return nil
			}
			b, _ := value.JSON(allowed)
			texts = append(texts, string(b))
		}
		return refused(", it must be one of " + strings.Join(texts, ", "))
	}
	answer, err := vm.Call(fn, vm.Give(v.Value))
	if err != nil {
		return refused(": verify threw " + exception(err).Error())
	}
	switch a := answer.Export().(type) {
	case nil:
		return nil
	case bool:
		if a {
			return nil
		}
		return refused(" by its verify")
	case string:
		return refused(": " + a)
	}
	if o, ok := answer.(*goja.Object); ok && present(o.Get("value")) {
		v.Value, err = vm.Take(o.Get("value"), "variables."+v.Name)
		return err
	}
	return fmt.Errorf("variables.%s.verify returned %s, it must return true, false, an error's text or { value }", v.Name, describe(answer))
}

// variableValues are the variables as the module wants them.
func variableValues(list []Variable) vmodule.Values {
	v := vmodule.Values{ByName: map[string]value.Value{}, Known: true}
	for _, one := range list {
		v.ByName[one.Name] = one.Value
	}
	return v
}
