import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** What the programs share: `Program HOSTS` prints one JSON document a line, and waits where it says so. */
final class Harness {
  private static final BufferedReader STDIN = new BufferedReader(new InputStreamReader(System.in));

  interface Body {
    void run() throws Exception;
  }

  /** Runs a program to its end; threads that it leaves behind do not keep it alive. */
  static void run(Body body) {
    try {
      body.run();
      System.exit(0);
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  /** A connected client of Apache's. */
  static ZooKeeper connect(String hosts) throws Exception {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client = new ZooKeeper(hosts, 10_000, event -> {
      if (event.getState() == KeeperState.SyncConnected) connected.countDown();
    });
    if (!connected.await(20, TimeUnit.SECONDS)) throw new TimeoutException("no connection to " + hosts);
    return client;
  }

  /** Asks again for as long as the connection is lost: for what may be asked twice. */
  static <T> T retry(Callable<T> call) throws Exception {
    while (true) {
      try {
        return call.call();
      } catch (KeeperException.ConnectionLossException again) {
        Thread.sleep(20);
      }
    }
  }

  /** Everything acknowledged to anybody before can be read by this client afterwards. */
  static void sync(ZooKeeper client) throws Exception {
    retry(() -> {
      CountDownLatch done = new CountDownLatch(1);
      int[] code = new int[1];
      client.sync("/", (rc, path, context) -> {
        code[0] = rc;
        done.countDown();
      }, null);
      done.await();
      if (code[0] != 0) throw KeeperException.create(KeeperException.Code.get(code[0]));
      return null;
    });
  }

  /** What `condition` gives once that is neither null nor false. */
  static <T> T until(String what, Callable<T> condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (System.nanoTime() < deadline) {
      T value = condition.call();
      if (value != null && !Boolean.FALSE.equals(value)) return value;
      Thread.sleep(10);
    }
    throw new TimeoutException("timed out waiting for " + what);
  }

  /** The name of the error that a call ends with; null when it succeeds. */
  static String refused(Callable<?> call) throws Exception {
    try {
      call.call();
      return null;
    } catch (KeeperException error) {
      return error.code().name();
    }
  }

  /** Runs this many threads; `join` gives their errors to whoever waits. */
  static final class Workers {
    interface Work {
      void run(int number) throws Exception;
    }

    private final List<Thread> threads = new ArrayList<>();
    private final List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());

    Workers(int count, Work work) {
      for (int i = 0; i < count; i++) {
        int number = i;
        Thread thread = new Thread(() -> {
          try {
            work.run(number);
          } catch (Throwable error) {
            errors.add(error);
          }
        });
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
      }
    }

    void join() throws Exception {
      for (Thread thread : threads) thread.join(20_000);
      if (!errors.isEmpty()) throw new Exception("a worker failed", errors.get(0));
      for (Thread thread : threads) if (thread.isAlive()) throw stuck(thread);
    }

    private static Exception stuck(Thread thread) {
      Exception error = new TimeoutException("a worker did not come to its end");
      error.setStackTrace(thread.getStackTrace());
      return error;
    }
  }

  static void say(String step, Object... namesAndValues) {
    StringBuilder line = new StringBuilder("{\"step\":" + json(step));
    for (int i = 0; i < namesAndValues.length; i += 2) {
      line.append(',').append(json(namesAndValues[i])).append(':').append(json(namesAndValues[i + 1]));
    }
    System.out.println(line.append('}'));
  }

  /** Asks the test to do something; it answers with a line once that is done. */
  static void waitForGo(String step) throws IOException {
    say(step);
    STDIN.readLine();
  }

  /** Returns when the leader was killed and another one leads. */
  static void killTheLeader() throws IOException {
    waitForGo("kill the leader");
  }

  private static String json(Object value) {
    if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
    if (value instanceof Map<?, ?> map) {
      List<String> entries = new ArrayList<>();
      map.forEach((key, one) -> entries.add(json(String.valueOf(key)) + ":" + json(one)));
      return "{" + String.join(",", entries) + "}";
    }
    if (value instanceof Iterable<?> many) {
      List<String> items = new ArrayList<>();
      many.forEach(one -> items.add(json(one)));
      return "[" + String.join(",", items) + "]";
    }
    String text = String.valueOf(value).replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return '"' + text + '"';
  }
}
