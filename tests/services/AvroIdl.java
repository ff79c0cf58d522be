import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Scanner;
import org.apache.avro.Schema;
import org.apache.avro.idl.IdlFile;
import org.apache.avro.idl.IdlReader;

/**
 * What Avro Java's reader of IDL makes of files, each the path of one on a line of standard input:
 * a line for each, with its named types as JSON, a line for each (in base64), or nothing if it is no
 * IDL for Java.
 */
class AvroIdl {
  public static void main(String[] arguments) {
    for (Scanner lines = new Scanner(System.in); lines.hasNextLine(); ) {
      StringBuilder types = new StringBuilder();
      try {
        IdlFile file = new IdlReader().parse(Path.of(lines.nextLine()));
        if (file.getMainSchema() != null) {
          types.append(file.getMainSchema()).append("\n");
        }
        for (Schema schema : file.getNamedSchemas().values()) {
          types.append(schema).append("\n");
        }
      } catch (Exception | StackOverflowError refused) {
        System.err.println(refused);
        types.setLength(0);
      }
      byte[] bytes = types.toString().getBytes(StandardCharsets.UTF_8);
      System.out.println(Base64.getEncoder().encodeToString(bytes));
    }
  }
}
