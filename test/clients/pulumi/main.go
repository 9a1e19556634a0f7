// A Pulumi program on the Automation API, and under the name pulumi-resource-objects the provider that it uses. The
// program is of the stack `dev` in this folder and runs the `pulumi` of PATH.
//
//	pulumi-program preview|up
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type object struct {
	pulumi.CustomResourceState
	Colour pulumi.StringOutput `pulumi:"colour"`
}

func program(ctx *pulumi.Context) error {
	var one object
	properties := pulumi.Map{"name": pulumi.String("one"), "colour": pulumi.String("green")}
	if err := ctx.RegisterResource("objects:index:Object", "one", properties, &one); err != nil {
		return err
	}
	ctx.Export("colour", one.Colour)
	return nil
}

func run(what string) error {
	ctx := context.Background()
	stack, err := auto.SelectStackInlineSource(ctx, "dev", "objects", program, auto.WorkDir("."))
	if err != nil {
		return err
	}
	switch what {
	case "preview":
		_, err = stack.Preview(ctx, optpreview.ProgressStreams(os.Stdout))
	case "up":
		_, err = stack.Up(ctx, optup.ProgressStreams(os.Stdout))
	default:
		err = fmt.Errorf("%s is none of preview and up", what)
	}
	return err
}

func main() {
	act := serveProvider
	if filepath.Base(os.Args[0]) != "pulumi-resource-objects" {
		act = func() error { return run(os.Args[1]) }
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
