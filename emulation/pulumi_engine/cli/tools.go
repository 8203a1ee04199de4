//go:build tools

// Package tools keeps the CLI among the requirements of this module, which has no code of its own.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
