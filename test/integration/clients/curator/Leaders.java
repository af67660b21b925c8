import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderSelector;
import org.apache.curator.framework.recipes.leader.LeaderSelectorListenerAdapter;

/** Latches and selectors: never two leaders, one again after the death of ZooKeeper's own, and one after it resigns. */
final class Leaders {
  private static final AtomicInteger REIGNING = new AtomicInteger();
  private static final AtomicInteger MOST = new AtomicInteger();
  private static final AtomicInteger REIGNS = new AtomicInteger();

  public static void main(String[] args) {
    Harness.run(() -> {
      List<CuratorFramework> clients = Curators.start(args[0], 3);
      List<LeaderLatch> latches = new ArrayList<>();
      List<LeaderSelector> selectors = new ArrayList<>();
      for (CuratorFramework client : clients) {
        LeaderLatch latch = new LeaderLatch(client, "/latch");
        latch.start();
        latches.add(latch);
        LeaderSelector selector = new LeaderSelector(client, "/selector", new Reign());
        selector.autoRequeue();
        selector.start();
        selectors.add(selector);
      }
      Harness.until("a latched leader", () -> latched(latches) == 1);
      Harness.until("reigns", () -> REIGNS.get() >= 3);

      Harness.killTheLeader();

      int reigns = REIGNS.get();
      Harness.until("a latched leader again", () -> latched(latches) == 1);
      Harness.until("reigns again", () -> REIGNS.get() >= reigns + 3);
      LeaderLatch leader = Harness.until("who it is",
          () -> latches.stream().filter(LeaderLatch::hasLeadership).findFirst().orElse(null));
      leader.close();
      Harness.until("the next one", () -> latches.stream().anyMatch(latch -> latch != leader && latch.hasLeadership()));
      for (LeaderSelector selector : selectors) selector.close();
      LeaderLatch other = latches.stream().filter(latch -> latch != leader).findFirst().orElseThrow();
      Harness.say("done", "participants", other.getParticipants().size(), "latched", latched(latches),
          "most", MOST.get(), "lost", Curators.LOST.get());
    });
  }

  private static long latched(List<LeaderLatch> latches) {
    return latches.stream().filter(LeaderLatch::hasLeadership).count();
  }

  private static final class Reign extends LeaderSelectorListenerAdapter {
    @Override
    public void takeLeadership(CuratorFramework client) throws Exception {
      MOST.accumulateAndGet(REIGNING.incrementAndGet(), Math::max);
      try {
        Thread.sleep(20);
        REIGNS.incrementAndGet();
      } finally {
        REIGNING.decrementAndGet();
      }
    }
  }
}
