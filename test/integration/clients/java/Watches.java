import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.Watcher.WatcherType;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/**
 * Watches of every kind, set before the leader dies and fired after: the client sets them again on its new connection,
 * and the member fires what changed in between. One-shot watches fire once, persistent ones again and again.
 */
final class Watches {
  /** Events by the name of the watch, as `type path`; a member's own `None` events are left out. */
  private static final Map<String, List<String>> SEEN = new ConcurrentHashMap<>();

  public static void main(String[] args) {
    Harness.run(() -> {
      ZooKeeper reader = Harness.connect(args[0]);
      ZooKeeper writer = Harness.connect(args[0]);
      for (String path : List.of("/w", "/w/data", "/w/gone", "/w/children", "/w/p", "/w/r", "/w/r/s", "/w/removed")) {
        writer.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      }
      Harness.sync(reader);
      reader.getData("/w/data", watcher("data"), null);
      reader.exists("/w/gone", watcher("gone"));
      reader.exists("/w/missing", watcher("missing"));
      reader.getChildren("/w/children", watcher("children"));
      reader.addWatch("/w/p", watcher("persistent"), AddWatchMode.PERSISTENT);
      reader.addWatch("/w/r", watcher("recursive"), AddWatchMode.PERSISTENT_RECURSIVE);
      Watcher removed = watcher("removed");
      reader.addWatch("/w/removed", removed, AddWatchMode.PERSISTENT_RECURSIVE);
      reader.getData("/w/removed", watcher("kept"), null);
      reader.removeWatches("/w/removed", removed, WatcherType.Any, false);
      String again = Harness.refused(() -> {
        reader.removeWatches("/w/removed", removed, WatcherType.Any, false);
        return null;
      });

      Harness.killTheLeader();

      // One-shot watches, changed while the reader may not be connected yet: the first round fires them, once.
      for (int round = 0; round < 2; round++) {
        changeOnce(writer, round);
        Harness.until("the one-shot watches", () -> List.of("data", "gone", "missing", "children", "kept").stream()
            .allMatch(name -> count(name) == 1));
      }
      // Nobody gets to know what persistent watches would have seen while away: they are tried when they are set.
      Harness.sync(reader);
      for (int round = 1; round <= 2; round++) {
        int times = round;
        changeOften(writer);
        Harness.until("the persistent watches",
            () -> count("persistent") == times * 3 && count("recursive") == times * 5);
      }
      reader.removeAllWatches("/w/p", WatcherType.Any, false);
      Harness.until("the end of the persistent watch", () -> count("persistent") == 7);
      writer.setData("/w/p", "unseen".getBytes(), -1);
      writer.setData("/w/r", "last".getBytes(), -1);
      // Events come in the order of the changes: when this one is there, the unseen one cannot come any more.
      Harness.until("the last event", () -> count("recursive") == 11);
      Harness.say("done", "seen", SEEN, "removedTwice", again);
      reader.close();
      writer.close();
    });
  }

  private static void changeOnce(ZooKeeper writer, int round) throws Exception {
    byte[] data = ("round " + round).getBytes();
    Harness.retry(() -> writer.setData("/w/data", data, -1));
    writer.setData("/w/removed", data, -1);
    if (round == 0) writer.delete("/w/gone", -1);
    else writer.create("/w/gone", data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    if (round == 0) writer.create("/w/missing", data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    else writer.delete("/w/missing", -1);
    writer.create("/w/children/" + round, data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  private static void changeOften(ZooKeeper writer) throws Exception {
    byte[] data = "again".getBytes();
    writer.setData("/w/p", data, -1);
    writer.create("/w/p/child", data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    writer.delete("/w/p/child", -1);
    writer.setData("/w/r", data, -1);
    writer.create("/w/r/s/deep", data, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    writer.setData("/w/r/s/deep", data, -1);
    writer.delete("/w/r/s/deep", -1);
    writer.setData("/w/r/s", data, -1);
  }

  private static Watcher watcher(String name) {
    SEEN.put(name, new CopyOnWriteArrayList<>());
    return event -> {
      if (event.getType() != EventType.None) SEEN.get(name).add(event.getType() + " " + event.getPath());
    };
  }

  private static int count(String name) {
    return SEEN.get(name).size();
  }
}
