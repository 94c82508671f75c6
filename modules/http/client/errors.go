package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// The kinds of a failed exchange. A script sees them as error.kind and metrics as the tag "error".
const (
	KindDNS       = "dns"       // the name could not be resolved
	KindConnect   = "connect"   // no connection could be made
	KindTLS       = "tls"       // the handshake failed, or the certificate was refused
	KindProxy     = "proxy"     // the proxy refused or failed
	KindTimeout   = "timeout"   // the exchange, or its connecting, took longer than it may
	KindReset     = "reset"     // the peer reset the connection
	KindClosed    = "closed"    // the peer closed the connection before it answered
	KindTruncated = "truncated" // the peer closed the connection in the middle of its answer
	KindMalformed = "malformed" // the answer is not HTTP
	KindTooLarge  = "too-large" // the answer is larger than the options allow
	KindRedirect  = "redirect"  // the answer redirects to something that is no HTTP URL
	KindDecode    = "decode"    // the body is not what its Content-Encoding says
	KindBody      = "body"      // the request's own body could not be read
	KindStatus    = "status"    // the status is not among the expected ones
	KindCanceled  = "canceled"  // the iteration ended before the answer came
	KindGenerator = "generator" // this machine ran out of descriptors, ports or memory
)

// Error is why an exchange has no answer.
type Error struct {
	Kind    string
	Message string
	Cause   error // may be nil
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Cause }

func errorf(kind string, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// generatorError says whether err is this machine's fault and not the peer's.
func generatorError(err error) bool {
	for _, e := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE,
		syscall.ENOBUFS, syscall.ENOMEM, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// shortCause strips what net.OpError says around the reason; the message names the place already.
func shortCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return err.Error()
}

// dialError names why no connection to addr was made.
func dialError(addr string, err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return errorf(KindCanceled, err, "canceled while connecting to %s", addr)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errorf(KindTimeout, err, "timed out while connecting to %s", addr)
	case generatorError(err):
		return errorf(KindGenerator, err, "cannot open a connection to %s: %s (this machine's limit, not the server's)", addr, shortCause(err))
	}
	return errorf(KindConnect, err, "cannot connect to %s: %s", addr, shortCause(err))
}

// ioError names why an exchange on an open connection broke.
func ioError(addr, doing string, err error) *Error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errorf(KindReset, err, "%s reset the connection while %s", addr, doing)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return errorf(KindClosed, err, "%s closed the connection while %s", addr, doing)
	case generatorError(err):
		return errorf(KindGenerator, err, "the connection to %s failed while %s: %s (this machine's limit, not the server's)", addr, doing, shortCause(err))
	}
	if alert := tlsAlert(err); alert != "" {
		return errorf(KindTLS, err, "%s ended the TLS connection while %s: %s", addr, doing, alert)
	}
	return errorf(KindReset, err, "the connection to %s failed while %s: %s", addr, doing, shortCause(err))
}

// tlsError names the cause of a failed handshake in words that point at what is wrong.
func tlsError(host string, err error) *Error {
	var (
		e         *Error
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		hostErr   x509.HostnameError
		record    tls.RecordHeaderError
		verifyErr *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled):
		return errorf(KindCanceled, err, "canceled during the TLS handshake with %s", host)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errorf(KindTimeout, err, "timed out during the TLS handshake with %s", host)
	case errors.As(err, &hostErr):
		names := hostErr.Certificate.DNSNames
		for _, ip := range hostErr.Certificate.IPAddresses {
			names = append(names[:len(names):len(names)], ip.String())
		}
		if len(names) == 0 {
			return errorf(KindTLS, err, "the certificate of %s names no host at all", host)
		}
		return errorf(KindTLS, err, "the certificate of %s is for %s", host, strings.Join(names, ", "))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errorf(KindTLS, err, "the certificate of %s is not valid now: it is valid from %s to %s", host,
			invalid.Cert.NotBefore.UTC().Format("2006-01-02 15:04:05"), invalid.Cert.NotAfter.UTC().Format("2006-01-02 15:04:05 UTC"))
	case errors.As(err, &unknown):
		if cert := unknown.Cert; cert != nil && cert.Issuer.String() == cert.Subject.String() && !cert.IsCA {
			return errorf(KindTLS, err, "the certificate of %s is self-signed; give it in tls.ca or set tls.insecure", host)
		}
		return errorf(KindTLS, err, "the certificate of %s is signed by an unknown authority; give it in tls.ca or set tls.insecure", host)
	case errors.As(err, &verifyErr):
		return errorf(KindTLS, err, "the certificate of %s is refused: %s", host, verifyErr.Err)
	case errors.As(err, &record):
		return errorf(KindTLS, err, "%s does not speak TLS on this port", host)
	case tlsAlert(err) != "":
		return errorf(KindTLS, err, "%s refused the TLS handshake: %s", host, tlsAlert(err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errorf(KindTLS, err, "%s closed the connection during the TLS handshake", host)
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errorf(KindTLS, err, "%s reset the connection during the TLS handshake", host)
	}
	return errorf(KindTLS, err, "the TLS handshake with %s failed: %s", host, strings.TrimPrefix(shortCause(err), "tls: "))
}

// tlsAlert is what the peer said when it ended a TLS connection, empty if it said nothing.
func tlsAlert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}
