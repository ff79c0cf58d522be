import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A partner in Java for the tests beside it: Kafka's own clients with Avro's own codec.
 *
 * <pre>
 * Partner produce BROKERS REGISTRY TOPIC FOLDER    sends its events, with the schemas of a folder
 * Partner consume BROKERS REGISTRY TOPIC FOLDER N  reads so many, and says whether it knows them
 * Partner keys    BROKERS REGISTRY TOPIC FOLDER    sends nothing under each key that it is given
 * </pre>
 *
 * It prints a line of JSON for each message, with bytes in base64.
 */
public final class Partner {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final String brokers;
  private final String registry;
  private final String topic;
  private final List<Events.Event> events;
  private final Map<Integer, Schema> byId = new HashMap<>();

  private Partner(String[] arguments) throws IOException {
    brokers = arguments[1];
    registry = arguments[2];
    topic = arguments[3];
    events =
        Events.all(
            new Schema.Parser().parse(read(arguments[4], "placed.avsc")),
            new Schema.Parser().parse(read(arguments[4], "cancelled.avsc")));
  }

  public static void main(String[] arguments) throws Exception {
    Partner partner = new Partner(arguments);
    switch (arguments[0]) {
      case "produce" -> partner.produce();
      case "keys" -> partner.produceKeys();
      case "consume" -> partner.consume(Integer.parseInt(arguments[5]));
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private void produce() throws Exception {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (Events.Event event : events) {
      Schema schema = event.value().getSchema();
      byte[] value = encode(lookUp(topic + "-" + schema.getFullName(), schema), event.value());
      records.add(new ProducerRecord<>(topic, event.id().getBytes("UTF-8"), value));
    }
    send(records);
  }

  private void produceKeys() throws Exception {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      records.add(new ProducerRecord<>(topic, Base64.getDecoder().decode(line), null));
    }
    send(records);
  }

  private void send(List<ProducerRecord<byte[], byte[]>> records) throws Exception {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", brokers, "compression.type", "zstd");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (ProducerRecord<byte[], byte[]> record : records) {
        sent.add(producer.send(record));
      }
      for (int i = 0; i < sent.size(); i++) {
        RecordMetadata there = sent.get(i).get();
        show(line(there.partition(), there.offset(), records.get(i).key(), records.get(i).value()));
      }
    }
  }

  private void consume(int count) throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", brokers);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(each -> new TopicPartition(topic, each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      for (int left = count; left > 0; ) {
        if (System.nanoTime() > deadline) {
          throw new IllegalStateException(left + " messages have not come");
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          left--;
          show(described(record));
        }
      }
    }
  }

  private ObjectNode described(ConsumerRecord<byte[], byte[]> record) throws Exception {
    ObjectNode line = line(record.partition(), record.offset(), record.key(), record.value());
    ByteBuffer framed = ByteBuffer.wrap(record.value());
    if (framed.get() != 0) {
      throw new IllegalStateException("not in the registry's format");
    }
    int id = framed.getInt();
    Schema schema = byId(id);
    GenericRecord read =
        new GenericDatumReader<GenericRecord>(schema)
            .read(null, DecoderFactory.get().binaryDecoder(record.value(), 5, framed.remaining(), null));
    line.put("type", schema.getFullName());
    // By their schemas' names: a registry may have printed the schema in another order.
    line.put("known", events.stream().anyMatch(event -> event.value().toString().equals(read.toString())));
    line.put("again", encode(id, read));
    return line;
  }

  private static ObjectNode line(int partition, long offset, byte[] key, byte[] value) {
    return JSON.createObjectNode()
        .put("partition", partition)
        .put("offset", offset)
        .put("key", key)
        .put("value", value)
        .put("known", false);
  }

  private static void show(ObjectNode line) {
    System.out.println(line);
  }

  private static byte[] encode(int id, GenericRecord value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(0);
    bytes.write(ByteBuffer.allocate(4).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(value.getSchema()).write(value, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  // --- the registry ------------------------------------------------------------------------------

  /** The id of a schema that must be there, in the very words that Avro prints. */
  private int lookUp(String subject, Schema schema) throws Exception {
    ObjectNode body = JSON.createObjectNode().put("schema", schema.toString());
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(registry + "/subjects/" + subject))
            .header("Content-Type", "application/vnd.schemaregistry.v1+json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
    return answer(request).get("id").asInt();
  }

  private Schema byId(int id) throws Exception {
    Schema known = byId.get(id);
    if (known == null) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id));
      known = new Schema.Parser().parse(answer(request).get("schema").asText());
      byId.put(id, known);
    }
    return known;
  }

  private static JsonNode answer(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IllegalStateException(response.uri() + ": " + response.body());
    }
    return JSON.readTree(response.body());
  }

  private static String read(String folder, String name) throws IOException {
    return Files.readString(Path.of(folder, name));
  }
}
