// A partner in Go for the tests beside it: franz-go with hamba/avro, as a service would use them.
//
//	partner produce BROKERS REGISTRY TOPIC    sends its events
//	partner consume BROKERS REGISTRY TOPIC N  reads so many, and says whether it knows them
//	partner keys    BROKERS REGISTRY TOPIC    sends nothing under each key that it is given
//
// It prints a line of JSON for each message.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"log"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

// Line is what is printed of a message; bytes are in base64, as encoding/json has them.
type Line struct {
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Key       []byte `json:"key"`
	Value     []byte `json:"value"`
	Type      string `json:"type,omitempty"`
	Known     bool   `json:"known"`
	Again     []byte `json:"again,omitempty"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	brokers, url, topic := os.Args[2], os.Args[3], os.Args[4]
	registry := &schemas{ctx: ctx, client: must(sr.NewClient(sr.URLs(url)))}
	switch os.Args[1] {
	case "produce":
		var records []*kgo.Record
		for _, event := range events() {
			subject := topic + "-" + event.name
			value := registry.encode(registry.latest(subject), event.value)
			records = append(records, &kgo.Record{Topic: topic, Key: []byte(event.id), Value: value})
		}
		send(ctx, brokers, records)
	case "keys":
		var records []*kgo.Record
		for input := bufio.NewScanner(os.Stdin); input.Scan(); {
			key := must(base64.StdEncoding.DecodeString(input.Text()))
			records = append(records, &kgo.Record{Topic: topic, Key: key})
		}
		send(ctx, brokers, records)
	case "consume":
		consume(ctx, brokers, topic, must(strconv.Atoi(os.Args[5])), registry)
	}
}

func send(ctx context.Context, brokers string, records []*kgo.Record) {
	client := must(kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...)))
	defer client.Close()
	check(client.ProduceSync(ctx, records...).FirstErr())
	for _, r := range records {
		show(Line{Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value})
	}
}

func consume(ctx context.Context, brokers, topic string, count int, registry *schemas) {
	client := must(kgo.NewClient(
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	))
	defer client.Close()
	for count > 0 {
		fetches := client.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			count--
			line := Line{Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value}
			id, body, err := new(sr.ConfluentHeader).DecodeID(r.Value)
			check(err)
			schema := registry.byID(id)
			line.Type = schema.schema.(avro.NamedSchema).FullName()
			for _, event := range events() {
				if event.name != line.Type {
					continue
				}
				read := reflect.New(reflect.TypeOf(event.value))
				check(avro.Unmarshal(schema.schema, body, read.Interface()))
				line.Known = line.Known || reflect.DeepEqual(read.Elem().Interface(), event.value)
				line.Again = frame(id, must(plain.Marshal(schema.schema, read.Interface())))
			}
			show(line)
		})
	}
}

// schemas are what the registry has, by the franz-go client for it.
type schemas struct {
	ctx    context.Context
	client *sr.Client
}

type registered struct {
	id     int
	schema avro.Schema
}

func (s *schemas) latest(subject string) registered {
	found, err := s.client.SchemaByVersion(s.ctx, subject, -1)
	check(err)
	return registered{found.ID, must(avro.Parse(found.Schema.Schema))}
}

func (s *schemas) byID(id int) registered {
	found, err := s.client.SchemaByID(s.ctx, id)
	check(err)
	return registered{id, must(avro.Parse(found.Schema))}
}

func (s *schemas) encode(schema registered, value any) []byte {
	return frame(schema.id, must(avro.Marshal(schema.schema, value)))
}

// plain writes arrays and maps as Java and Python do. By itself, hamba/avro writes the size of each
// block too, which readers may use to skip it.
var plain = avro.Config{DisableBlockSizeHeader: true}.Freeze()

func frame(id int, body []byte) []byte {
	return append(must(new(sr.ConfluentHeader).AppendEncode(nil, id, nil)), body...)
}

func show(line Line) {
	check(json.NewEncoder(os.Stdout).Encode(line))
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
