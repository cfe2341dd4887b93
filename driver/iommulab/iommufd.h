/* SPDX-License-Identifier: GPL-2.0-only */
/* iommufd.h - what the core exports to iommufd, declared in its drivers/iommu/iommu-priv.h. */
#ifndef IOMMULAB_IOMMUFD_H
#define IOMMULAB_IOMMUFD_H

#include "lab.h"

struct iommu_attach_handle;

int iommu_attach_group_handle(struct iommu_domain *domain, struct iommu_group *group,
			      struct iommu_attach_handle *handle);
void iommu_detach_group_handle(struct iommu_domain *domain, struct iommu_group *group);
int iommu_replace_group_handle(struct iommu_group *group, struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle);
int iommu_replace_device_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
			       struct iommu_attach_handle *handle);

#endif
