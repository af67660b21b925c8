import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** Nodes, versions, transactions, ACLs, sessions: what Apache's client does, and what is left when the leader dies. */
final class Nodes {
  public static void main(String[] args) {
    Harness.run(() -> {
      ZooKeeper a = Harness.connect(args[0]);
      ZooKeeper b = Harness.connect(args[0]);
      create(a);
      transact(a);
      a.addAuthInfo("digest", "ann:secret".getBytes());
      a.create("/j/private", "mine".getBytes(), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT);
      Harness.sync(b);
      Harness.say("acl",
          "denied", Harness.refused(() -> b.getData("/j/private", false, null)),
          "who", new TreeSet<>(a.whoAmI().stream().map(who -> who.getAuthScheme() + ":" + who.getUser()).toList()));
      long session = a.getSessionId();
      List<Object> before = state(a);
      Harness.killTheLeader();
      List<Object> after = Harness.retry(() -> state(a));
      Harness.say("after", "before", before, "after", after, "sameSession", session == a.getSessionId());
      a.close();
      Harness.sync(b);
      Harness.say("closed", "left", Harness.retry(() -> b.getChildren("/j/e", false)));
      b.close();
    });
  }

  private static void create(ZooKeeper a) throws Exception {
    Stat stat = new Stat();
    a.create("/j", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    a.create("/j/one", "1".getBytes(), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat);
    boolean fresh = stat.getCzxid() == stat.getMzxid() && stat.getVersion() == 0 && stat.getDataLength() == 1;
    Stat changed = a.setData("/j/one", "two".getBytes(), 0);
    a.create("/j/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    List<String> names = new ArrayList<>();
    for (CreateMode mode : List.of(CreateMode.EPHEMERAL, CreateMode.EPHEMERAL_SEQUENTIAL)) {
      names.add(a.create("/j/e/n-", null, Ids.OPEN_ACL_UNSAFE, mode));
    }
    a.create("/j/e/f", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    Harness.say("create",
        "fresh", fresh,
        "version", changed.getVersion(),
        "names", names,
        "ephemerals", new TreeSet<>(a.getEphemerals()),
        "ephemeralsBelow", new TreeSet<>(a.getEphemerals("/j/e/n")),
        "below", a.getAllChildrenNumber("/j"),
        "errors", List.of(
            Harness.refused(() -> a.create("/j", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)),
            Harness.refused(() -> a.getData("/nowhere", false, null)),
            Harness.refused(() -> a.setData("/j/one", null, 7)),
            Harness.refused(() -> { a.delete("/j", -1); return null; }),
            Harness.refused(() -> a.create("/j/e/f/g", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT))));
  }

  private static void transact(ZooKeeper a) throws Exception {
    List<OpResult> results = a.multi(List.of(
        Op.create("/j/t", "1".getBytes(), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
        Op.check("/j/one", 1),
        Op.setData("/j/t", "2".getBytes(), 0),
        Op.delete("/j/e/f", 0)));
    List<String> kinds = results.stream().map(result -> result.getClass().getSimpleName()).toList();
    List<Object> refused = new ArrayList<>();
    try {
      a.multi(List.of(Op.delete("/j/t", 1), Op.check("/j/one", 9), Op.delete("/j/one", 1)));
    } catch (KeeperException error) {
      refused.add(error.code().name());
      for (OpResult result : error.getResults()) refused.add(((OpResult.ErrorResult) result).getErr());
    }
    List<OpResult> read = a.multi(List.of(Op.getData("/j/one"), Op.getChildren("/j/e"), Op.getData("/nowhere")));
    Harness.say("multi",
        "kinds", kinds,
        "refused", refused,
        "there", a.exists("/j/t", false) != null,
        "data", new String(((OpResult.GetDataResult) read.get(0)).getData()),
        "children", new TreeSet<>(((OpResult.GetChildrenResult) read.get(1)).getChildren()),
        "missing", ((OpResult.ErrorResult) read.get(2)).getErr());
  }

  /** Everything that must be the same before and after; needs ann's rights, which the client shows anew by itself. */
  private static List<Object> state(ZooKeeper a) throws Exception {
    Stat stat = new Stat();
    return List.of(
        new String(a.getData("/j/private", false, null)),
        new String(a.getData("/j/one", false, stat)), stat.getMzxid(), stat.getVersion(),
        new String(a.getData("/j/t", false, null)),
        new TreeSet<>(a.getEphemerals()),
        a.getAllChildrenNumber("/j"),
        a.getACL("/j/private", null).toString());
  }
}
