import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;

/**
 * `Locks HOSTS mutex|read-write|semaphore JOURNAL`: three clients want in, through the leader's death. Each round
 * journals `+name kind` inside and `-name kind` before it goes out; who is alone inside adds one to a znode without
 * minding its version, so two inside at once would lose an addition.
 */
final class Locks {
  private static final int ROUNDS_AFTER = 4;
  /** Longer than it takes to get in: whoever is let in too early meets somebody. */
  private static final int STAY_MS = 30;

  interface Inside {
    void run() throws Exception;
  }

  interface Entry {
    void enter(String kind, Inside inside) throws Exception;
  }

  public static void main(String[] args) {
    Harness.run(() -> {
      Path journal = Path.of(args[2]);
      List<CuratorFramework> clients = Curators.start(args[0], 3);
      String total = "/total/" + args[1];
      clients.get(0).create().creatingParentsIfNeeded().forPath(total, Curators.bytes(0));
      AtomicBoolean killed = new AtomicBoolean();
      AtomicInteger started = new AtomicInteger();
      AtomicInteger rounds = new AtomicInteger();
      List<String> kinds = switch (args[1]) {
        case "mutex" -> List.of("alone");
        case "read-write" -> List.of("together", "alone", "together");
        default -> List.of("together");
      };
      Harness.Workers workers = new Harness.Workers(3, number -> {
        CuratorFramework client = clients.get(number);
        Entry entry = entry(args[1], client);
        for (int done = 0, after = 0; after < ROUNDS_AFTER; done++) {
          if (killed.get()) after++;
          String kind = kinds.get(done % kinds.size());
          entry.enter(kind, () -> {
            note(journal, "+" + number + " " + kind);
            if (kind.equals("alone")) {
              int value = Curators.number(client.getData().forPath(total));
              Thread.sleep(STAY_MS);
              client.setData().forPath(total, Curators.bytes(value + 1));
            } else {
              Thread.sleep(STAY_MS);
            }
            note(journal, "-" + number + " " + kind);
          });
          rounds.incrementAndGet();
          if (done == 0) started.incrementAndGet();
        }
      });
      Harness.until("all to have been inside", () -> started.get() == 3);
      Harness.killTheLeader();
      killed.set(true);
      workers.join();
      clients.get(0).sync().forPath(total);
      Harness.say("done", "rounds", rounds.get(), "lost", Curators.LOST.get(),
          "total", Curators.number(clients.get(0).getData().forPath(total)));
    });
  }

  private static Entry entry(String recipe, CuratorFramework client) {
    if (recipe.equals("semaphore")) {
      InterProcessSemaphoreV2 semaphore = new InterProcessSemaphoreV2(client, "/locks/semaphore", 2);
      return (kind, inside) -> {
        Lease lease = semaphore.acquire(15, TimeUnit.SECONDS);
        if (lease == null) throw new TimeoutException("no lease");
        inside.run();
        semaphore.returnLease(lease);
      };
    }
    InterProcessReadWriteLock both = new InterProcessReadWriteLock(client, "/locks/read-write");
    InterProcessMutex mutex = new InterProcessMutex(client, "/locks/mutex");
    return (kind, inside) -> {
      InterProcessLock lock = recipe.equals("mutex") ? mutex : kind.equals("alone") ? both.writeLock() : both.readLock();
      if (!lock.acquire(15, TimeUnit.SECONDS)) throw new TimeoutException("no lock");
      inside.run();
      lock.release();
    };
  }

  private static void note(Path journal, String line) throws Exception {
    Files.writeString(journal, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
