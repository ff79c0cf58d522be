import java.io.File;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;

/**
 * Files in Avro Java. The arguments are commands, three words each: "copy" FROM TO copies the records
 * of a file to another one with the same codec and metadata "copied-by"; "count" FILE RANGES prints
 * the number of records in ranges of bytes (0-100,100-200), as Hadoop's splits read them.
 */
class DataFiles {
  public static void main(String[] arguments) throws Exception {
    for (int i = 0; i < arguments.length; i += 3) {
      if (arguments[i].equals("copy")) {
        copy(new File(arguments[i + 1]), new File(arguments[i + 2]));
      } else {
        count(new File(arguments[i + 1]), arguments[i + 2]);
      }
    }
  }

  private static void copy(File from, File to) throws Exception {
    try (DataFileReader<GenericRecord> reader =
            new DataFileReader<>(from, new GenericDatumReader<>());
        DataFileWriter<GenericRecord> writer = new DataFileWriter<>(new GenericDatumWriter<>())) {
      writer.setCodec(CodecFactory.fromString(reader.getMetaString("avro.codec")));
      writer.setMeta("copied-by", "java");
      writer.setSyncInterval(2000);
      Schema schema = reader.getSchema();
      writer.create(schema, to);
      for (GenericRecord record : reader) {
        writer.append(record);
      }
    }
  }

  private static void count(File file, String ranges) throws Exception {
    StringBuilder counts = new StringBuilder();
    for (String range : ranges.split(",")) {
      String[] bounds = range.split("-");
      long end = Long.parseLong(bounds[1]);
      int count = 0;
      try (DataFileReader<GenericRecord> reader =
          new DataFileReader<>(file, new GenericDatumReader<>())) {
        reader.sync(Long.parseLong(bounds[0]));
        while (reader.hasNext() && !reader.pastSync(end)) {
          reader.next();
          count++;
        }
      }
      counts.append(count).append(' ');
    }
    System.out.println(counts.toString().trim());
  }
}
