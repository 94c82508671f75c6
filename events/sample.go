package events

// Sample is one failed exchange, kept as an example of its sort. What is secret is left out of it
// before it is made.
type Sample struct {
	AtMs      float64 `json:"atMs"` // since the run began
	Scenario  string  `json:"scenario"`
	Node      string  `json:"node,omitempty"`
	User      int64   `json:"user,omitempty"`
	Iteration int64   `json:"iteration,omitempty"`
	// Endpoint is the method and the request's name, Error its status or kind of error: together the sort.
	Endpoint string `json:"endpoint"`
	Error    string `json:"error"`
	Message  string `json:"message,omitempty"`

	DurationMs float64    `json:"durationMs"`
	Request    SampleHalf `json:"request"`
	// Response is nil if there was none.
	Response *SampleHalf `json:"response,omitempty"`
}

// SampleHalf is a request or a response. Body is cut to a few kilobytes; BodyBytes is its real size.
type SampleHalf struct {
	Line      string      `json:"line"` // POST http://host/path, or 503 Service Unavailable
	Headers   [][2]string `json:"headers,omitempty"`
	Body      string      `json:"body,omitempty"`
	BodyBytes int64       `json:"bodyBytes"`
	Base64    bool        `json:"base64,omitempty"` // the body is no text
}
