#include "worker/paging/evidence.h"

void evidence_weigh(const struct pager_signs *signs, struct pager_decision *decision)
{
    switch (decision->outcome) {
    case PAGER_END:
        decision->complete = signs->proof;
        decision->complete_why = signs->proof_why;
        return;
    case PAGER_TRUNCATED:
        decision->complete = decision->reason == REASON_INCONSISTENT_END ? COMPLETE_CONTRADICTED
                                                                         : COMPLETE_ASSUMED;
        decision->complete_why = decision->why;
        return;
    case PAGER_MORE:
    case PAGER_FAILED:
        return;
    }
}
