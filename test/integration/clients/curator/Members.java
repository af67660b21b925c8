import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;

/** Groups and nodes that stay, protected creates and transactions: there once, wholly, and after the leader's death. */
final class Members {
  public static void main(String[] args) {
    Harness.run(() -> {
      List<CuratorFramework> clients = Curators.start(args[0], 3);
      CuratorFramework first = clients.get(0);
      List<GroupMember> group = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        GroupMember member = new GroupMember(clients.get(i), "/group", "member-" + i, Curators.bytes(i));
        member.start();
        group.add(member);
      }
      PersistentNode node = new PersistentNode(first, CreateMode.EPHEMERAL, false, "/stays", "here".getBytes());
      node.start();
      node.waitForInitialCreate(15, TimeUnit.SECONDS);
      Harness.until("the group", () -> group.get(0).getCurrentMembers().size() == 3);

      first.create().forPath("/protected");
      first.create().forPath("/pairs-a");
      first.create().forPath("/pairs-b");
      AtomicBoolean killed = new AtomicBoolean();
      AtomicInteger asked = new AtomicInteger();
      List<String> paired = new ArrayList<>();
      // A create without an answer is looked up by its GUID before it is repeated: so it is there once.
      Harness.Workers creating = new Harness.Workers(2, number -> {
        for (int after = 0; after < 20; asked.incrementAndGet()) {
          if (killed.get()) after++;
          clients.get(number).create().withProtection().withMode(CreateMode.PERSISTENT_SEQUENTIAL)
              .forPath("/protected/n-");
        }
      });
      Harness.Workers pairing = new Harness.Workers(1, number -> {
        CuratorFramework client = clients.get(2);
        for (int i = 0, after = 0; after < 20; i++) {
          if (killed.get()) after++;
          try {
            List<CuratorTransactionResult> results = client.transaction().forOperations(
                client.transactionOp().create().forPath("/pairs-a/" + i),
                client.transactionOp().check().forPath("/pairs-a"),
                client.transactionOp().create().forPath("/pairs-b/" + i));
            if (results.size() == 3) paired.add(String.valueOf(i));
          } catch (KeeperException.NodeExistsException done) {
            // Curator repeated a transaction that was done, its answer lost.
            paired.add(String.valueOf(i));
          }
        }
      });
      Harness.until("some to be done", () -> asked.get() >= 10);

      Harness.killTheLeader();

      killed.set(true);
      creating.join();
      pairing.join();
      Harness.until("the group again", () -> group.get(0).getCurrentMembers().size() == 3);
      group.get(2).close();
      Harness.until("the group without one", () -> group.get(0).getCurrentMembers().size() == 2);
      String stays = new String(first.getData().forPath("/stays"));
      clients.get(1).delete().forPath("/stays");
      Harness.until("the node to be made again", () -> first.checkExists().forPath("/stays") != null);
      List<String> halves = Curators.fresh(first, "/pairs-a");
      Harness.say("done",
          "asked", asked.get(), "made", Curators.fresh(first, "/protected").size(),
          "wholly", halves.equals(Curators.fresh(first, "/pairs-b")), "missing", new TreeSet<>(paired.stream()
              .filter(name -> !halves.contains(name)).toList()),
          "stays", stays, "group", new TreeSet<>(group.get(0).getCurrentMembers().keySet()), "lost", Curators.LOST.get());
    });
  }
}
