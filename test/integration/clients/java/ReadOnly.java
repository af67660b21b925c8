import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.ZooKeeper.States;

/** A client that may read only: it reads on when the quorum is gone, and writes again when it is back. */
final class ReadOnly {
  public static void main(String[] args) {
    Harness.run(() -> {
      ZooKeeper writer = Harness.connect(args[0]);
      writer.create("/ro", "kept".getBytes(), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      writer.close();
      Harness.waitForGo("take the quorum away");
      // A member without a quorum takes no session over that the quorum knows: this client comes new.
      List<String> states = new CopyOnWriteArrayList<>();
      ZooKeeper client = new ZooKeeper(args[0], 10_000, event -> states.add(event.getState().name()), true);
      Harness.until("a read-only connection", () -> client.getState() == States.CONNECTEDREADONLY);
      String read = new String(Harness.retry(() -> client.getData("/ro", false, null)));
      String refused = Harness.refused(() -> client.setData("/ro", "changed".getBytes(), -1));
      Harness.waitForGo("bring it back");
      Harness.until("a full connection again", () -> client.getState() == States.CONNECTED);
      int version = Harness.retry(() -> client.setData("/ro", "changed".getBytes(), -1)).getVersion();
      Harness.say("done", "read", read, "refused", refused, "version", version, "states", states);
      client.close();
    });
  }
}
