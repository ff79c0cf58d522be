package main

import (
	"math/big"
	"time"

	"github.com/hamba/avro/v2"
)

// Placed is com.acme.interop.Placed.
type Placed struct {
	ID     string           `avro:"id"`
	Amount *big.Rat         `avro:"amount"`
	At     time.Time        `avro:"at"`
	Day    time.Time        `avro:"day"`
	Kind   string           `avro:"kind"`
	Digest [4]byte          `avro:"digest"`
	Tags   []string         `avro:"tags"`
	Counts map[string]int64 `avro:"counts"`
	Ratio  float64          `avro:"ratio"`
	Raw    []byte           `avro:"raw"`
	Note   *string          `avro:"note"`
	Origin any              `avro:"origin"`
}

// Shop is com.acme.interop.Shop.
type Shop struct {
	Name string `avro:"name"`
}

// Web is com.acme.interop.Web.
type Web struct {
	URL    string `avro:"url"`
	Secure bool   `avro:"secure"`
}

// Cancelled is com.acme.interop.Cancelled.
type Cancelled struct {
	ID     string `avro:"id"`
	Reason string `avro:"reason"`
}

func init() {
	for _, api := range []avro.API{avro.DefaultConfig, plain} {
		api.Register("com.acme.interop.Shop", Shop{})
		api.Register("com.acme.interop.Web", Web{})
	}
}

type event struct {
	name  string
	id    string
	value any
}

// events are the ones that tests/interop/events.py has in Python.
func events() []event {
	const first, second = "3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10", "00000000-0000-0000-0000-00000000002a"
	note := "Zürich ☎"
	return []event{
		{"com.acme.interop.Placed", first, Placed{
			ID:     first,
			Amount: big.NewRat(-123456789, 100),
			At:     time.Date(2025, 3, 14, 15, 9, 26, 535_897_000, time.UTC),
			Day:    time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC),
			Kind:   "LARGE",
			Digest: [4]byte{0, 1, 254, 255},
			Tags:   []string{"a", ""},
			Counts: map[string]int64{"max": 9223372036854775807},
			Ratio:  0.1,
			Raw:    []byte{},
			Note:   &note,
			Origin: Web{URL: "https://example.com", Secure: false},
		}},
		{"com.acme.interop.Placed", second, Placed{
			ID:     second,
			Amount: big.NewRat(0, 100),
			At:     time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
			Day:    time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
			Kind:   "SMALL",
			Digest: [4]byte{},
			Tags:   []string{},
			Counts: map[string]int64{},
			Ratio:  0,
			Raw:    []byte("raw"),
			Origin: Shop{Name: "corner"},
		}},
		{"com.acme.interop.Cancelled", first, Cancelled{ID: first, Reason: "lost"}},
	}
}
