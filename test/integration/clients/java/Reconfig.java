import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.Stat;

/** Reconfiguration by Apache's admin client: a follower leaves and joins again, then the leader dies. */
final class Reconfig {
  public static void main(String[] args) {
    Harness.run(() -> {
      ZooKeeper reader = Harness.connect(args[0]);
      ZooKeeperAdmin admin = new ZooKeeperAdmin(args[0], 10_000, event -> {});
      admin.addAuthInfo("digest", "super:secret".getBytes());
      List<String> events = new CopyOnWriteArrayList<>();
      String before = new String(reader.getConfig(event -> {
        if (event.getType() != EventType.None) events.add(event.getType() + " " + event.getPath());
      }, null));
      String leaver = args[1];
      // Who joins must have a client address, which a classic zoo.cfg keeps on its own line.
      String known = before.lines().filter(one -> one.startsWith("server." + leaver + "=")).findFirst().orElseThrow();
      String line = known.split(";")[0] + ";127.0.0.1:" + args[2];
      String denied = Harness.refused(() -> new ZooKeeperAdmin(args[0], 10_000, event -> {})
          .reconfigure((String) null, leaver, null, -1, new Stat()));
      Stat stat = new Stat();
      String without = new String(Harness.retry(() -> admin.reconfigure((String) null, leaver, null, -1, stat)));
      String stale = Harness.refused(() -> admin.reconfigure(line, null, null, 1, new Stat()));
      String with = new String(Harness.retry(() -> admin.reconfigure(line, null, null, -1, new Stat())));
      Harness.until("the event", () -> !events.isEmpty());
      Harness.waitForGo("wait for all");

      Harness.killTheLeader();

      Harness.sync(reader);
      String after = new String(Harness.retry(() -> reader.getConfig(false, null)));
      String written = Harness.retry(
          () -> reader.create("/by-", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL));
      Harness.say("done",
          "before", members(before), "without", members(without), "with", members(with), "after", members(after),
          "sameVersion", version(with).equals(version(after)), "grown", version(before).compareTo(version(with)) < 0,
          "events", events, "denied", denied, "stale", stale, "written", written);
      admin.close();
      reader.close();
    });
  }

  private static List<String> members(String config) {
    return config.lines().filter(line -> line.startsWith("server.")).map(line -> line.split("=")[0]).sorted().toList();
  }

  private static Long version(String config) {
    String line = config.lines().filter(one -> one.startsWith("version=")).findFirst().orElseThrow();
    return Long.parseLong(line.substring("version=".length()), 16);
  }
}
