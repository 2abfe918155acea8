import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFilterFunction;
import org.apache.flink.api.common.functions.RichFlatMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;

/**
 * Flink's DataStreams over local files: {@code Streams <grep | wordcount> <directory> <files> <how many are read>}. The files are cycled
 * through, as fast as it goes; a word count is a running one: each word's new count goes out as it comes, the last ones at the end of
 * the input. Heap state, objects reused, no checkpoints; nothing is sent and nothing is kept twice.
 */
public final class Streams {
  private static final LongAdder lines = new LongAdder();
  private static final int linesAtATime = 10_000;
  private static final OutputTag<Tuple2<String, Long>> last = new OutputTag<>("last", Types.TUPLE(Types.STRING, Types.LONG));

  public static void main(String[] args) throws Exception {
    String work = args[0];
    String directory = args[1];
    int files = Integer.parseInt(args[2]);
    int reads = Integer.parseInt(args[3]);

    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(2);
    env.setRuntimeMode(RuntimeExecutionMode.STREAMING);
    env.getConfig().enableObjectReuse();
    List<Path> paths = new ArrayList<>();
    for (int i = 0; i < reads; i++) paths.add(new Path(directory + "/" + i % files + ".txt"));
    DataStream<String> text = env.fromSource(
        FileSource.forRecordStreamFormat(new TextLineInputFormat(), paths.toArray(new Path[0])).build(), WatermarkStrategy.noWatermarks(), "lines");

    DataStream<Tuple2<String, Long>> results = work.equals("grep") ? grep(text) : wordCount(text);
    Thread progress = new Thread(() -> {
      try {
        for (;;) {
          Thread.sleep(200);
          System.out.println("records\t" + lines.sum());
        }
      } catch (InterruptedException ended) {
        // the job is done
      }
    });
    progress.setDaemon(true);
    try (CloseableIterator<Tuple2<String, Long>> found = results.collectAsync()) {
      env.executeAsync();
      progress.start();
      StringBuilder all = new StringBuilder();
      while (found.hasNext()) {
        Tuple2<String, Long> count = found.next();
        all.append("result\t").append(count.f0).append('\t').append(count.f1).append('\n');
      }
      progress.interrupt();
      progress.join();
      System.out.print(all);
    }
    System.out.println("records\t" + lines.sum());
    System.out.println("end");
    System.out.flush();
    // What was used is looked up before this process goes.
    System.in.read();
    System.exit(0);
  }

  private static DataStream<Tuple2<String, Long>> grep(DataStream<String> text) {
    return text.filter(new Needles()).map(line -> "matches").returns(Types.STRING).keyBy(key -> key).process(new Counting());
  }

  private static DataStream<Tuple2<String, Long>> wordCount(DataStream<String> text) {
    SingleOutputStreamOperator<Tuple2<String, Long>> counts = text.flatMap(new Words()).keyBy(word -> word).process(new RunningCount());
    counts.sinkTo(new DiscardingSink<>());
    return counts.getSideOutput(last);
  }

  /** Lines that have it. */
  private static final class Needles extends RichFilterFunction<String> {
    private int seen = 0;

    @Override
    public boolean filter(String line) {
      if (++seen % linesAtATime == 0) lines.add(linesAtATime);
      return line.contains("needle");
    }

    @Override
    public void close() {
      lines.add(seen % linesAtATime);
    }
  }

  private static final class Words extends RichFlatMapFunction<String, String> {
    private int seen = 0;

    @Override
    public void flatMap(String line, Collector<String> out) {
      if (++seen % linesAtATime == 0) lines.add(linesAtATime);
      for (String word : line.split(" ")) out.collect(word);
    }

    @Override
    public void close() {
      lines.add(seen % linesAtATime);
    }
  }

  /** Says a count once: at the end of the input. */
  private static class Counting extends KeyedProcessFunction<String, String, Tuple2<String, Long>> {
    private transient ValueState<Long> count;

    @Override
    public void open(OpenContext context) {
      count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
    }

    @Override
    public void processElement(String key, Context context, Collector<Tuple2<String, Long>> out) throws Exception {
      count(key, context);
    }

    protected long count(String key, Context context) throws Exception {
      Long before = count.value();
      // The end of the input is the end of time.
      if (before == null) context.timerService().registerEventTimeTimer(Long.MAX_VALUE);
      long now = before == null ? 1 : before + 1;
      count.update(now);
      return now;
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Tuple2<String, Long>> out) throws Exception {
      say(Tuple2.of(context.getCurrentKey(), count.value()), context, out);
    }

    protected void say(Tuple2<String, Long> counted, OnTimerContext context, Collector<Tuple2<String, Long>> out) {
      out.collect(counted);
    }
  }

  /** Says each new count, too. */
  private static final class RunningCount extends Counting {
    @Override
    public void processElement(String key, Context context, Collector<Tuple2<String, Long>> out) throws Exception {
      out.collect(Tuple2.of(key, count(key, context)));
    }

    @Override
    protected void say(Tuple2<String, Long> counted, OnTimerContext context, Collector<Tuple2<String, Long>> out) {
      context.output(last, counted);
    }
  }
}
