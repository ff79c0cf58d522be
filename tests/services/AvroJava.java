import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Scanner;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.Incompatibility;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;

/**
 * What a Java client makes of schemas, each a line of standard input in base64: a line for each,
 * with its text as Avro Java prints it (in base64), or nothing if it is no schema for Java. With
 * the URL of a registry and a subject as arguments, that text is registered, as Confluent's
 * serializer for Java does, and the answer is printed instead. With "compare" as argument, a line is
 * a reader's and a writer's schema, and what is in the way is printed: a line for each, with type,
 * path and message between tabs, behind a first line that says "compared". With "json" it is a
 * schema and binary data in hex, and their JSON encoding is printed; with "binary" it is a schema
 * and JSON, and the data are printed in hex.
 */
class AvroJava {
  public static void main(String[] arguments) throws Exception {
    for (Scanner lines = new Scanner(System.in); lines.hasNextLine(); ) {
      String[] texts = lines.nextLine().split(" ");
      for (int i = 0; i < texts.length; i++) {
        texts[i] = new String(Base64.getDecoder().decode(texts[i]), StandardCharsets.UTF_8);
      }
      String line = "";
      try {
        Schema schema = new Schema.Parser().parse(texts[0]);
        if (arguments.length == 0) {
          line = schema.toString();
        } else if (arguments[0].equals("json")) {
          line = json(schema, HexFormat.of().parseHex(texts[1]));
        } else if (arguments[0].equals("binary")) {
          line = HexFormat.of().formatHex(binary(schema, texts[1]));
        } else if (arguments.length == 2) {
          line = register(arguments[0], arguments[1], schema.toString());
        } else {
          line = compare(schema, new Schema.Parser().parse(texts[1]));
        }
      } catch (IOException | RuntimeException | StackOverflowError refused) {
        // Of all that its parser throws, nothing else is common.
      }
      byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
      System.out.println(Base64.getEncoder().encodeToString(bytes));
    }
  }

  private static String json(Schema schema, byte[] data) throws IOException {
    Object value = new GenericDatumReader<Object>(schema, schema, new GenericData())
        .read(null, DecoderFactory.get().binaryDecoder(data, null));
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    JsonEncoder encoder = EncoderFactory.get().jsonEncoder(schema, text);
    new GenericDatumWriter<Object>(schema, new GenericData()).write(value, encoder);
    encoder.flush();
    return text.toString(StandardCharsets.UTF_8);
  }

  private static byte[] binary(Schema schema, String text) throws IOException {
    Object value = new GenericDatumReader<Object>(schema, schema, new GenericData())
        .read(null, DecoderFactory.get().jsonDecoder(schema, text));
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(data, null);
    new GenericDatumWriter<Object>(schema, new GenericData()).write(value, encoder);
    encoder.flush();
    return data.toByteArray();
  }

  private static String compare(Schema reader, Schema writer) {
    StringBuilder lines = new StringBuilder("compared");
    for (Incompatibility found : SchemaCompatibility
        .checkReaderWriterCompatibility(reader, writer).getResult().getIncompatibilities()) {
      lines.append("\n" + found.getType() + "\t" + found.getLocation() + "\t" + found.getMessage());
    }
    return lines.toString();
  }

  private static String register(String url, String subject, String schema) throws Exception {
    String escaped = schema.replace("\\", "\\\\").replace("\"", "\\\"");
    URI target = URI.create(
        url + "/subjects/" + URLEncoder.encode(subject, StandardCharsets.UTF_8) + "/versions");
    HttpRequest request = HttpRequest.newBuilder(target)
        .header("Content-Type", "application/vnd.schemaregistry.v1+json")
        .POST(HttpRequest.BodyPublishers.ofString("{\"schema\":\"" + escaped + "\"}"))
        .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body();
  }
}
