import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;

/** The events that tests/interop/events.py has in Python. */
final class Events {
  /** An event and its key. */
  record Event(String id, GenericRecord value) {}

  private static final String FIRST = "3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10";
  private static final String SECOND = "00000000-0000-0000-0000-00000000002a";

  private Events() {}

  static List<Event> all(Schema placed, Schema cancelled) {
    Schema shop = placed.getField("origin").schema().getTypes().get(0);
    Schema web = placed.getField("origin").schema().getTypes().get(1);
    return List.of(
        new Event(
            FIRST,
            new GenericRecordBuilder(placed)
                .set("id", FIRST)
                .set("amount", decimal(placed, "-1234567.89"))
                .set("at", micros("2025-03-14T15:09:26.535897Z"))
                .set("day", days("1815-12-10"))
                .set("kind", kind(placed, "LARGE"))
                .set("digest", digest(placed, 0, 1, 254, 255))
                .set("tags", List.of("a", ""))
                .set("counts", Map.of("max", Long.MAX_VALUE))
                .set("ratio", 0.1)
                .set("raw", ByteBuffer.allocate(0))
                .set("note", "Zürich ☎")
                .set(
                    "origin",
                    new GenericRecordBuilder(web)
                        .set("url", "https://example.com")
                        .set("secure", false)
                        .build())
                .build()),
        new Event(
            SECOND,
            new GenericRecordBuilder(placed)
                .set("id", SECOND)
                .set("amount", decimal(placed, "0.00"))
                .set("at", micros("1969-12-31T23:59:59.999999Z"))
                .set("day", days("1970-01-01"))
                .set("kind", kind(placed, "SMALL"))
                .set("digest", digest(placed, 0, 0, 0, 0))
                .set("tags", List.of())
                .set("counts", Map.of())
                .set("ratio", 0.0)
                .set("raw", ByteBuffer.wrap("raw".getBytes()))
                .set("origin", new GenericRecordBuilder(shop).set("name", "corner").build())
                .build()),
        new Event(
            FIRST,
            new GenericRecordBuilder(cancelled).set("id", FIRST).set("reason", "lost").build()));
  }

  private static ByteBuffer decimal(Schema placed, String value) {
    Schema schema = placed.getField("amount").schema();
    return new Conversions.DecimalConversion()
        .toBytes(new BigDecimal(value), schema, schema.getLogicalType());
  }

  private static long micros(String value) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.parse(value));
  }

  private static int days(String value) {
    return (int) LocalDate.parse(value).toEpochDay();
  }

  private static GenericData.EnumSymbol kind(Schema placed, String symbol) {
    return new GenericData.EnumSymbol(placed.getField("kind").schema(), symbol);
  }

  private static GenericData.Fixed digest(Schema placed, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return new GenericData.Fixed(placed.getField("digest").schema(), bytes);
  }
}
