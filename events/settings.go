package events

// Setting is an option or a variable with the value that holds.
type Setting struct {
	Name        string `json:"name"`
	Value       string `json:"value"`          // as a script would write it; a secret is not shown
	From        string `json:"from,omitempty"` // where the value came from, if it can come from several places
	Description string `json:"description,omitempty"`
	Script      string `json:"script,omitempty"` // which script declares it, if there are several
}

// SourceInfo is one file that the run's scripts are made of.
type SourceInfo struct {
	Path   string `json:"path"`           // as the command line or the import has it
	SHA256 string `json:"sha256"`         // in hexadecimal digits
	Bytes  int    `json:"bytes"`          //
	Copy   string `json:"copy,omitempty"` // the copy's name in the run's folder
}
