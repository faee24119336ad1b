import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.annotation.Delete;
import ca.uhn.fhir.rest.annotation.IdParam;
import ca.uhn.fhir.rest.annotation.OptionalParam;
import ca.uhn.fhir.rest.annotation.ResourceParam;
import ca.uhn.fhir.rest.annotation.Search;
import ca.uhn.fhir.rest.annotation.Update;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.param.DateRangeParam;
import ca.uhn.fhir.rest.server.FifoMemoryPagingProvider;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Patient;

/** HAPI FHIR's plain server, with patients in memory: 20 a page, 100 at most. */
public class Main {
    public static class Patients implements IResourceProvider {
        private final Map<String, Patient> kept = new LinkedHashMap<>();

        public Class<Patient> getResourceType() {
            return Patient.class;
        }

        @Update
        public synchronized MethodOutcome put(@IdParam IdType id, @ResourceParam Patient patient) {
            patient.getMeta().setLastUpdated(new Date());
            kept.put(id.getIdPart(), patient);
            return new MethodOutcome(id, true);
        }

        @Delete
        public synchronized MethodOutcome delete(@IdParam IdType id) {
            kept.remove(id.getIdPart());
            return new MethodOutcome(id);
        }

        @Search
        public synchronized List<Patient> search(
                @OptionalParam(name = "_lastUpdated") DateRangeParam range) {
            List<Patient> found = new ArrayList<>();
            Date from = range == null ? null : range.getLowerBoundAsInstant();
            for (Patient patient : kept.values())
                if (from == null || !patient.getMeta().getLastUpdated().before(from))
                    found.add(patient);
            return found;
        }
    }

    public static void main(String[] words) throws Exception {
        FifoMemoryPagingProvider pages = new FifoMemoryPagingProvider(100);
        pages.setDefaultPageSize(20);
        pages.setMaximumPageSize(100);
        RestfulServer fhir = new RestfulServer(FhirContext.forR4());
        fhir.registerProvider(new Patients());
        fhir.setPagingProvider(pages);
        ServletContextHandler handler = new ServletContextHandler();
        handler.addServlet(new ServletHolder(fhir), "/fhir/*");
        Server server = new Server(new java.net.InetSocketAddress("127.0.0.1", Integer.parseInt(words[0])));
        server.setHandler(handler);
        server.start();
        server.join();
    }
}
