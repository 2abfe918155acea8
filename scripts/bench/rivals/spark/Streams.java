import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.streaming.Durations;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaPairDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import scala.Tuple2;

/**
 * Spark's DStreams over local files, as its programming guide has the programs:
 * {@code Streams <grep | wordcount> <directory> <files> <files an interval> <lines a file> <intervals> <seconds of the window>}.
 * The files are cycled through; an interval is a second. Nothing is sent and nothing is kept twice.
 */
public final class Streams {
  private static final CountDownLatch done = new CountDownLatch(1);
  private static int finished = 0;
  private static long matches = 0;

  public static void main(String[] args) throws Exception {
    String work = args[0];
    String directory = args[1];
    int files = Integer.parseInt(args[2]);
    int filesPerInterval = Integer.parseInt(args[3]);
    long linesPerFile = Long.parseLong(args[4]);
    int intervals = Integer.parseInt(args[5]);
    int windowSeconds = Integer.parseInt(args[6]);

    SparkConf conf = new SparkConf()
        .setMaster("local[2]")
        .setAppName("bench")
        .set("spark.ui.enabled", "false")
        .set("spark.ui.showConsoleProgress", "false")
        .set("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .set("spark.default.parallelism", "2");
    try (JavaStreamingContext context = new JavaStreamingContext(conf, Durations.seconds(1))) {
      context.sparkContext().setLogLevel("ERROR");
      // The window's state is checkpointed; a context that is would refuse a queue of RDDs.
      context.sparkContext().setCheckpointDir(directory + "/checkpoints");
      Queue<JavaRDD<String>> queue = new LinkedList<>();
      for (int interval = 0; interval < intervals; interval++) {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < filesPerInterval; i++) paths.add(directory + "/" + (interval * filesPerInterval + i) % files + ".txt");
        queue.add(context.sparkContext().textFile(String.join(",", paths), 2).coalesce(2));
      }
      JavaDStream<String> lines = context.queueStream(queue, true);
      long linesPerInterval = filesPerInterval * linesPerFile;
      if (work.equals("grep")) {
        lines.filter(line -> line.contains("needle")).foreachRDD(rdd -> {
          matches += rdd.count();
          if (finish(linesPerInterval) == intervals) {
            System.out.println("result\tmatches\t" + matches);
            done.countDown();
          }
        });
      } else {
        JavaPairDStream<String, Long> counts = lines
            .flatMap(line -> Arrays.asList(line.split(" ")).iterator())
            .mapToPair(word -> new Tuple2<>(word, 1L))
            .reduceByKeyAndWindow(
                Long::sum, (a, b) -> a - b, Durations.seconds(windowSeconds), Durations.seconds(1), 2, count -> count._2() > 0);
        counts.foreachRDD(rdd -> {
          long distinct = rdd.count();
          if (finish(linesPerInterval) == intervals) {
            StringBuilder all = new StringBuilder();
            for (Tuple2<String, Long> count : rdd.collect()) all.append("result\t").append(count._1()).append('\t').append(count._2()).append('\n');
            System.out.print(all);
            done.countDown();
          }
        });
      }
      context.start();
      done.await();
      System.out.println("end");
      System.out.flush();
      // What was used is looked up before this process goes.
      System.in.read();
      context.stop(true, false);
    }
    System.exit(0);
  }

  /** An interval has its result. */
  private static int finish(long lines) {
    finished++;
    System.out.println("records\t" + finished * lines);
    return finished;
  }
}
