// Container files in hamba/avro. The arguments are commands, two words each: FROM and TO. The events of
// a file are copied to another one with the same codec, and with "copied-by" in its metadata.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/hamba/avro/v2/ocf"
)

type event struct {
	ID     string            `avro:"id"`
	At     time.Time         `avro:"at"`
	Amount float64           `avro:"amount"`
	Tags   map[string]string `avro:"tags"`
	Note   *string           `avro:"note"`
}

func main() {
	for i := 1; i+1 < len(os.Args); i += 2 {
		if err := copyFile(os.Args[i], os.Args[i+1]); err != nil {
			fmt.Fprintln(os.Stderr, os.Args[i], err)
			os.Exit(1)
		}
	}
}

func copyFile(from, to string) error {
	input, err := os.Open(from)
	if err != nil {
		return err
	}
	defer input.Close()
	decoder, err := ocf.NewDecoder(input)
	if err != nil {
		return err
	}
	metadata := decoder.Metadata()
	output, err := os.Create(to)
	if err != nil {
		return err
	}
	encoder, err := ocf.NewEncoder(
		string(metadata["avro.schema"]),
		output,
		ocf.WithCodec(ocf.CodecName(metadata["avro.codec"])),
		ocf.WithBlockLength(100),
		ocf.WithMetadata(map[string][]byte{"copied-by": []byte("go")}),
	)
	if err != nil {
		return err
	}
	for decoder.HasNext() {
		var each event
		if err := decoder.Decode(&each); err != nil {
			return err
		}
		if err := encoder.Encode(each); err != nil {
			return err
		}
	}
	if err := decoder.Error(); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	return output.Close()
}
