//go:build tools

// Package tools makes the CLI a requirement of this module, which has no code of its own.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
