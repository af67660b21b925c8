import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** TTL nodes and containers: they go when their time has come, under the next leader too, and not before. */
final class Extended {
  public static void main(String[] args) {
    Harness.run(() -> {
      ZooKeeper client = Harness.connect(args[0]);
      client.create("/x", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      Stat stat = new Stat();
      client.create("/x/short", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, stat, 50);
      client.create("/x/long", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 3_600_000);
      String name = client.create(
          "/x/s-", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL, new Stat(), 3_600_000);
      for (String path : List.of("/x/used", "/x/full", "/x/new")) {
        client.create(path, null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER);
      }
      client.create("/x/full/child", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      client.create("/x/used/child", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      Harness.say("created",
          "name", name,
          // What a client sees: the TTL that the member keeps in this field is hidden.
          "owner", stat.getEphemeralOwner() | client.exists("/x/new", false).getEphemeralOwner(),
          "ephemerals", client.getEphemerals());
      Harness.until("the short one to go", () -> client.exists("/x/short", false) == null);

      Harness.killTheLeader();

      // The next leader keeps the containers: it deletes one whose last child goes now.
      Harness.retry(
          () -> client.create("/x/late", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 50));
      client.delete("/x/used/child", -1);
      Harness.until("the emptied container to go", () -> client.exists("/x/used", false) == null);
      Harness.until("the late one to go", () -> client.exists("/x/late", false) == null);
      Harness.say("after", "left", new TreeSet<>(client.getChildren("/x", false)));
      client.close();
    });
  }
}
