import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedBarrier;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.queue.DistributedQueue;
import org.apache.curator.framework.recipes.queue.QueueBuilder;
import org.apache.curator.framework.recipes.queue.QueueConsumer;
import org.apache.curator.framework.recipes.queue.QueueSerializer;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;

/** Barriers, counters and queues of several clients, busy while the leader dies. */
final class Together {
  private static List<CuratorFramework> clients;
  private static final AtomicBoolean KILLED = new AtomicBoolean();

  public static void main(String[] args) {
    Harness.run(() -> {
      clients = Curators.start(args[0], 3);
      Barriers barriers = new Barriers();
      Counters counters = new Counters();
      Queues queues = new Queues();
      Harness.killTheLeader();
      KILLED.set(true);
      barriers.finish();
      counters.finish();
      queues.finish();
    });
  }

  /** Two wait at a closed barrier, and three have entered a double barrier, when the leader dies. */
  private static final class Barriers {
    final List<Integer> passed = Collections.synchronizedList(new ArrayList<>());
    final DistributedBarrier gate = new DistributedBarrier(clients.get(0), "/gate");
    final List<DistributedDoubleBarrier> rooms = new ArrayList<>();
    final Harness.Workers waiting;

    Barriers() throws Exception {
      gate.setBarrier();
      waiting = new Harness.Workers(2, number -> {
        DistributedBarrier same = new DistributedBarrier(clients.get(number + 1), "/gate");
        if (same.waitOnBarrier(18, TimeUnit.SECONDS)) passed.add(number);
      });
      for (CuratorFramework client : clients) rooms.add(new DistributedDoubleBarrier(client, "/room", 3));
      new Harness.Workers(3, number -> rooms.get(number).enter()).join();
    }

    void finish() throws Exception {
      Curators.fresh(clients.get(0), "/");
      List<Integer> early = List.copyOf(passed);
      gate.removeBarrier();
      waiting.join();
      Harness.Workers leaving = new Harness.Workers(3, number -> rooms.get(number).leave());
      leaving.join();
      boolean remains = clients.get(0).checkExists().forPath("/room") != null;
      Harness.say("barriers", "early", early, "passed", new TreeSet<>(passed),
          "inside", remains ? Curators.fresh(clients.get(0), "/room").size() : 0);
    }
  }

  /** Additions until well after the kill. One whose answer was lost may count twice: one for each lost connection. */
  private static final class Counters {
    final AtomicInteger added = new AtomicInteger();
    final List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
    final SharedCount shared = new SharedCount(clients.get(0), "/shared", 0);
    final Harness.Workers adding;

    Counters() throws Exception {
      shared.start();
      SharedCount watched = new SharedCount(clients.get(1), "/shared", 0);
      watched.addListener(new SharedCountListener() {
        @Override
        public void countHasChanged(SharedCountReader reader, int count) {
          seen.add(count);
        }

        @Override
        public void stateChanged(CuratorFramework client, ConnectionState state) {}
      });
      watched.start();
      adding = new Harness.Workers(3, number -> {
        DistributedAtomicLong counter =
            new DistributedAtomicLong(clients.get(number), "/atomic", new RetryForever(5));
        for (int after = 0; after < 20; ) {
          if (KILLED.get()) after++;
          if (counter.increment().succeeded()) added.incrementAndGet();
        }
      });
    }

    void finish() throws Exception {
      adding.join();
      Curators.fresh(clients.get(0), "/");
      long total = new DistributedAtomicLong(clients.get(0), "/atomic", new RetryForever(5)).get().postValue();
      shared.setCount(41);
      shared.setCount(42);
      Harness.until("the watcher of the count", () -> seen.contains(42));
      Harness.say("counters", "total", total, "added", added.get(), "suspended", Curators.SUSPENDED.get(), "seen", seen);
    }
  }

  /** Entries put and taken until well after the kill. With a lock path an entry is handed out until it was processed. */
  private static final class Queues {
    final TreeSet<String> put = new TreeSet<>();
    final ConcurrentSkipListSet<String> taken = new ConcurrentSkipListSet<>();
    final AtomicInteger received = new AtomicInteger();
    final List<DistributedQueue<String>> queues = new ArrayList<>();
    final DistributedQueue<String> source;
    final Harness.Workers putting;

    Queues() throws Exception {
      for (CuratorFramework client : clients.subList(0, 2)) queues.add(queue(client, new Taker()));
      source = queue(clients.get(2), null);
      putting = new Harness.Workers(1, number -> {
        for (int i = 0, after = 0; after < 20; i++) {
          if (KILLED.get()) after++;
          source.put("entry-" + i);
          put.add("entry-" + i);
          // A put is in the background: without waits thousands would be on their way.
          if (i % 5 == 4) source.flushPuts(15, TimeUnit.SECONDS);
        }
      });
    }

    void finish() throws Exception {
      putting.join();
      source.flushPuts(15, TimeUnit.SECONDS);
      // A lock whose create was done, and the answer lost, is taken for somebody else's when Curator tries again: nobody
      // takes that entry until the session that has the lock is closed.
      for (DistributedQueue<String> queue : queues) queue.close();
      for (CuratorFramework client : clients.subList(0, 2)) client.close();
      queue(clients.get(2), new Taker());
      Harness.until("all entries to be taken", () -> taken.containsAll(put));
      Harness.until("the queue to be empty", () -> Curators.fresh(clients.get(2), "/queue").isEmpty());
      Harness.say("queues", "put", put.size(), "taken", taken.size(), "received", received.get(),
          "suspended", Curators.SUSPENDED.get(), "lost", Curators.LOST.get());
    }

    private static DistributedQueue<String> queue(CuratorFramework client, QueueConsumer<String> consumer)
        throws Exception {
      DistributedQueue<String> queue = QueueBuilder.builder(client, consumer, new QueueSerializer<String>() {
        @Override
        public byte[] serialize(String item) {
          return item.getBytes();
        }

        @Override
        public String deserialize(byte[] bytes) {
          return new String(bytes);
        }
      }, "/queue").lockPath("/queue-locks").buildQueue();
      queue.start();
      return queue;
    }

    private final class Taker implements QueueConsumer<String> {
      @Override
      public void consumeMessage(String entry) {
        received.incrementAndGet();
        taken.add(entry);
      }

      @Override
      public void stateChanged(CuratorFramework client, ConnectionState state) {}
    }
  }
}
