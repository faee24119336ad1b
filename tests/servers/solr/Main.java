import java.nio.file.Path;
import org.apache.solr.embedded.JettyConfig;
import org.apache.solr.embedded.JettySolrRunner;

/** Solr in one process: Main HOME PORT. */
public class Main {
    public static void main(String[] words) throws Exception {
        JettyConfig config = JettyConfig.builder().setContext("/solr").setPort(Integer.parseInt(words[1])).build();
        new JettySolrRunner(Path.of(words[0]).toString(), config).start();
        Thread.currentThread().join();
    }
}
